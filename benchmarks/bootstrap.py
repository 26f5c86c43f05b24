"""The bootstrap of the comparison at COCO's size, against drawing the images of each resample and measuring anew.

    python benchmarks/bootstrap.py

Prints the time of both for one model, and the ratio; the baseline is timed on a few resamples and scaled.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow_scripts"))

from spml.average_precision import average_precision, mean_average_precision
from spml.comparison import resample_counts, resampled_map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=40137)
    parser.add_argument("--categories", type=int, default=80)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
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

    print(f"{options.images:,} images, {options.categories} categories, {options.resamples:,} resamples, one model")
    print(f"drawing the resamples, once for all models: {drawing:.1f} s")
    print(f"sorted once, reweighted, {options.threads} threads: {ours:.1f} s")
    print(f"each resample measured anew, one thread: {baseline:.0f} s ({baseline / ours:.0f} times as long)")


if __name__ == "__main__":
    main()
