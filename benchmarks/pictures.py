"""Where training gets its pictures from: shards of decoded pictures, or pictures that worker processes decode each time.

    python benchmarks/pictures.py [--json pictures.json]

Each way gives shuffled, augmented batches of 16 of the same pictures, as training reads them: by the process that trains (0
workers), or by 1 and 2 worker processes beside it. ``cold``: the files were dropped from the page cache before, which shows
the disk as far as no cache of the host hides it. Processor time counts (that of this process and of its workers), which other
work on the machine changes little; ratios are to decoding in this process.
Needs the folder that SPML_TEST_DATA names.
"""

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from common import Ratio, parser, report, seconds
from streaming import forget

from spml.artifacts import pictures
from spml.features.images import read_batches, read_image
from spml.features.preprocessing import Preprocessing
from spml.finetuning.batches import PictureBatches

SIZES, WORKERS, BATCH_SIZE = (96, 224, 448), (0, 1, 2), 16
WANTED = 1000  # pictures per second that ResNet-50 at 448 takes in training on a large GPU


class Cost(NamedTuple):
    """The seconds that something took, and the processor time."""

    elapsed: float
    processor: float


class Decoded:
    """Files of pictures, decoded whenever they are read; it stands in for spml.artifacts.pictures.Pictures."""

    def __init__(self, paths: Sequence[Path], how: Preprocessing) -> None:
        self.image_id, self.size, self._how = [str(path) for path in paths], how.size, how

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Write the pictures of these rows [n] to ``out``, uint8 [n, S, S, 3]."""
        for index, row in enumerate(rows):
            out[index] = read_image(self.image_id[row], self._how)

    def prefetch(self, rows: np.ndarray) -> None:
        """Ask the operating system to read these files in the background."""
        for row in rows:
            with open(self.image_id[row], "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def processor_seconds() -> float:
    """Return the processor time of this process, and of its workers that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def epoch(stored: pictures.Pictures | Decoded, workers: int, number: int, names: Sequence[str] = ("flip",)) -> Cost:
    """Return the cost of one epoch of batches that nobody computes with."""
    rows = np.arange(len(stored.image_id))
    source = PictureBatches(stored, rows, np.zeros((len(rows), 80), np.int8), names, workers)  # type: ignore[arg-type]
    before = processor_seconds()
    elapsed = seconds(lambda: [None for _ in source.shuffled(1200, BATCH_SIZE, number)])
    return Cost(elapsed, processor_seconds() - before)


def measured(paths: Sequence[Path], size: int, folder: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Return the speed of each way, its processor time per picture, and the bytes of a picture."""
    how, names, shard = Preprocessing(size), [str(path) for path in paths], folder / f"{size}.h5"
    decoded = Decoded(paths, how)
    pictures.write_shard(shard, names, read_batches(names, how, BATCH_SIZE, 1), how.text())
    figures: dict[str, dict[str, float]] = {}

    def from_shard(workers: int, number: int, names: Sequence[str] = ("flip",), is_first: bool = False) -> Cost:
        if is_first:
            forget(shard)
        with pictures.reading([shard]) as stored:
            if not is_first:  # the pictures are compared with their checksums in an epoch before
                epoch(stored, 0, 0)
            return epoch(stored, workers, number, names)

    def from_files(workers: int, number: int, is_first: bool = False) -> Cost:
        for path in paths if is_first else ():
            forget(path)
        return epoch(decoded, workers, number)

    ways: dict[str, Callable[[int], Cost]] = {}
    for workers in WORKERS:
        ways[f"JPEG, {workers} workers"] = partial(from_files, workers)
        ways[f"shard, {workers} workers"] = partial(from_shard, workers)
    ways["JPEG, 0 workers, cold"] = partial(from_files, 0, is_first=True)
    ways["shard, 0 workers, first epoch, cold"] = partial(from_shard, 0, is_first=True)
    for name in ("random_resized_crop", "randaugment"):
        ways[f"shard, 1 worker, {name}"] = partial(from_shard, 1, names=[name])
    jpeg = sum(path.stat().st_size for path in paths) / len(paths)
    for number in range(1, 1 + repeats):
        for name, run in ways.items():
            cost = run(number)
            figures.setdefault(name, {"pictures/s": 0, "CPU ms": float("inf")})
            row = figures[name]
            row["pictures/s"] = max(row["pictures/s"], len(paths) / cost.elapsed)
            row["CPU ms"] = min(row["CPU ms"], 1000 * cost.processor / len(paths))
            row["KB"] = (jpeg if name.startswith("JPEG") else 3 * size**2) / 1000
    return figures


def main() -> None:
    options = parser(__doc__).parse_args()
    data = os.environ.get("SPML_TEST_DATA")
    if not data:
        sys.exit("needs real data: set SPML_TEST_DATA to a folder with coco_mini/")
    torch.set_num_threads(1)
    paths = sorted(Path(data, "coco_mini").glob("*2017/*.jpg"))
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            found = measured(paths, size, Path(folder), options.repeats)
        base = found["JPEG, 0 workers"]["CPU ms"]
        target = {"shard, 0 workers": ">= 10"}
        ratios += [
            Ratio(f"{size}: {name}, pictures per CPU second, to decoding", base / row["CPU ms"], target.get(name, ""))
            for name, row in found.items()
        ]
        figures |= {f"{size}: {name}": row for name, row in found.items()}
    for name, row in found.items():
        ratios.append(Ratio(f"448: {name}, cores for {WANTED:,} pictures/s", WANTED * row["CPU ms"] / 1000, "<= 16", 2))
    report(f"Pictures of {len(paths)} photographs, shuffled and augmented", figures, ratios, options)


if __name__ == "__main__":
    main()
