"""Training from a file larger than memory: seconds an epoch and validation mAP, from 0.5 to 8 times the memory allowed.

    python benchmarks/streaming.py [--json streaming.json]

Before each run the operating system is asked to drop the file from its cache, so that it is read from the disk.
"""

import functools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from common import Ratio, parser, report
from synthetic import draw, write_features

from spml.artifacts import features as feature_files
from spml.losses.stateful import make_loss
from spml.training.batches import row_source
from spml.training.engine import train

TIMES = (0.5, 1, 2, 4, 8)


def forget(path: Path) -> None:
    """Drop a file from the cache of the operating system."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=32768)
    made.add_argument("--width", type=int, default=2048)
    made.add_argument("--categories", type=int, default=80)
    made.add_argument("--candidates", type=int, default=4)
    made.add_argument("--epochs", type=int, default=2)
    options = made.parse_args()
    torch.set_num_threads(options.threads)
    values, labels = draw(options.rows, options.width, options.categories)
    last = options.rows // 5
    with tempfile.TemporaryDirectory() as name:
        blocks = (values[start : start + 1024].astype(np.float32) for start in range(0, options.rows, 1024))
        path, shard = write_features(Path(name), options.rows, blocks)
        split = np.arange(options.rows - last), np.arange(options.rows - last, options.rows)
        make = functools.partial(make_loss, "an", {})
        rates = list(np.geomspace(1e-3, 1e-5, options.candidates))

        def run(memory_mb: int | None, times: int) -> tuple[float, list[float]]:
            """Seconds an epoch, the fastest of ``times`` runs, and the validation mAP of each candidate."""
            best = float("inf")
            for _ in range(times):
                forget(shard)
                with feature_files.reading(path) as stored:
                    training, validation = (row_source(stored, rows, labels[rows], memory_mb) for rows in split)
                    start = time.perf_counter()
                    trained = train(
                        training,
                        validation,
                        make,
                        head="linear",
                        hidden=0,
                        dropout=0.0,
                        standardize=True,
                        epochs=options.epochs,
                        batch_sizes=[16],
                        learning_rates=rates,
                        seed=1,
                        name="benchmark",
                    )
                    best = min(best, (time.perf_counter() - start) / options.epochs)
            return best, [row.val_map for row in trained.history if row.epoch == options.epochs]

        size = values.nbytes / (1 << 20)
        base, scores = run(None, options.repeats)
        figures = {"all in memory": {"MB": size, "s/epoch": base, "mAP": max(scores)}}
        ratios = []
        for times in TIMES:
            took, found = run(max(1, int(size / times)), options.repeats)
            figures[f"file {times:g} times the memory"] = {"MB": size / times, "s/epoch": took, "mAP": max(found)}
            ratios.append(Ratio(f"{times:g} times: time of an epoch, times in memory", took / base, "<= 1.5", 2))
            apart = max(abs(one - other) for one, other in zip(found, scores, strict=True))
            ratios.append(Ratio(f"{times:g} times: largest difference in mAP of a candidate", apart, "", 2))
    title = f"Streaming {options.rows:,} x {options.width:,} float16, {options.candidates} linear candidates"
    report(f"{title}, {options.threads} threads", figures, ratios, options)


if __name__ == "__main__":
    main()
