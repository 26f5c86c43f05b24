"""The bootstrap of the comparison at COCO's size, against drawing the images of each resample and measuring anew.

    python benchmarks/bootstrap.py

Prints the time of both for one model, and the ratio; the baseline is timed on a few resamples and scaled.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from common import Ratio, parser, report

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.evaluation.bootstrap import resample_counts, resampled_map


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--images", type=int, default=40137)
    made.add_argument("--categories", type=int, default=80)
    made.add_argument("--resamples", type=int, default=1000)
    options = made.parse_args()
    random = np.random.RandomState(0)
    rates = 0.3 * random.rand(options.categories) ** 3 + 0.002  # a few categories are frequent
    labels = (random.rand(options.images, options.categories) < rates).astype(np.uint8)
    scores = (random.randn(*labels.shape) + 2 * labels).astype(np.float32)

    start = time.perf_counter()
    counts = resample_counts(options.images, options.resamples, 1)
    drawing = time.perf_counter() - start
    start = time.perf_counter()
    with ThreadPoolExecutor(options.threads) as executor:
        found = resampled_map(scores, labels, counts, executor.map)
    ours = time.perf_counter() - start

    few, start = 3, time.perf_counter()
    for resample in range(few):
        drawn = np.repeat(np.arange(options.images), counts[:, resample])
        wanted = mean_average_precision(average_precision(scores[drawn], labels[drawn]))[1]
        assert abs(found[resample] - wanted) < 1e-9
    baseline = (time.perf_counter() - start) / few * options.resamples

    figures = {
        "drawing the resamples, once for all models": {"s": drawing},
        "sorted once, reweighted": {"s": ours},
        "each resample measured anew, one thread": {"s": baseline},
    }
    shape = f"{options.images:,} images, {options.categories} categories, {options.resamples:,} resamples"
    ratios = [Ratio("times faster than measuring anew", baseline / ours)]
    report(f"Bootstrap of one model: {shape}, {options.threads} threads", figures, ratios, options)


if __name__ == "__main__":
    main()
