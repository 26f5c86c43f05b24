"""The interval of a mAP at COCO's size, against a bootstrap that draws and measures each resample anew.

    python benchmarks/intervals.py

Prints the time of both for one model, and the ratio; the bootstrap is timed on a few resamples and scaled.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from common import Ratio, parser, report, seconds

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.evaluation.intervals import map_effects, map_interval

FEW = 3  # resamples that are timed


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

    def jackknife() -> None:
        with ThreadPoolExecutor(options.threads) as executor:
            print("{:.2f} to {:.2f}".format(*map_interval(map_effects(scores, labels, executor.map))))

    def bootstrap() -> None:
        for _ in range(FEW):
            drawn = random.randint(0, options.images, options.images)
            mean_average_precision(average_precision(scores[drawn], labels[drawn]))

    ours = min(seconds(jackknife) for _ in range(options.repeats))
    baseline = seconds(bootstrap) / FEW * options.resamples
    figures = {"the effect of each image": {"s": ours}, "each resample measured anew, one thread": {"s": baseline}}
    shape = f"{options.images:,} images, {options.categories} categories, {options.resamples:,} resamples"
    ratios = [Ratio("times faster than a bootstrap", baseline / ours)]
    report(f"Interval of one model: {shape}, {options.threads} threads", figures, ratios, options)


if __name__ == "__main__":
    main()
