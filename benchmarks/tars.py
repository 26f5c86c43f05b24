"""Pictures read from tar files, as extraction reads them, against the same pictures in files of their own.

    python benchmarks/tars.py [--json tars.json] [--small 5000]

``photographs`` are those of SPML_TEST_DATA, ``small`` are drawn pictures of a few kilobytes. Each way reads all of
them in protocol order, in turns; the fastest repeat counts. ``cold``: the files were dropped from the page cache before, as
far as no cache of the host hides the disk. ``shuffled``: the tars hold the pictures in another order, so that reads jump.
A disk of one's own is measured: opening files on a file system of a network costs more.
"""

import os
import random
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from common import Ratio, fastest, parser, report, seconds
from PIL import Image
from streaming import forget

from spml.artifacts import picture_files
from spml.data import packing, tars

AHEAD, MEGABYTES = 64, 100


def draw(folder: Path, count: int) -> None:
    """Draw small pictures, in folders of 1,000."""
    noise = np.random.RandomState(0)
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"{number:07}.jpg"
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(noise.randint(0, 255, (48, 48, 3), np.uint8)).save(path)


def read(paths: Sequence[str]) -> None:
    """Read all bytes of pictures in order, asking for some ahead as extraction does."""
    for start in range(0, len(paths), AHEAD):
        picture_files.prefetch(paths[start : start + AHEAD])
        for path in paths[start : start + AHEAD]:
            with picture_files.open_picture(path) as file:
                file.read()


def timed(paths: Sequence[str], files: Sequence[Path]) -> float:
    """Return how long it takes after these files were dropped from the page cache."""
    for path in files:
        forget(path)
    return seconds(partial(read, paths))


def measured(name: str, source: Path, folder: Path, repeats: int) -> tuple[dict[str, dict[str, float]], list[Ratio]]:
    """Return the speed of each way for the pictures in a folder, and its ratio to files of their own."""
    pictures, _ = packing.listed(str(source))
    size = sum(os.path.getsize(path) for _, path in pictures)
    files = [path for _, path in pictures]
    shuffled = random.Random(0).sample(pictures, len(pictures))
    places: dict[str, tuple[list[str], list[Path]]] = {"files": (files, list(map(Path, files)))}
    for way, order in (("tars", pictures), ("shuffled tars", shuffled)):
        packing_time = seconds(lambda: list(packing.pack(order, str(folder / way), "x", MEGABYTES * 1_000_000)))  # noqa: B023
        inside = sorted((folder / way).iterdir())
        indexing_time = seconds(lambda: tars.index(list(map(str, inside))))  # noqa: B023
        index = tars.index(list(map(str, inside)))
        places[way] = [index.path[picture] for picture, _ in pictures], inside
    runs = {}
    for way, (paths, inside) in places.items():
        runs[f"{name}: {way}, read, cold"] = partial(timed, paths, inside)
        runs[f"{name}: {way}, read"] = partial(timed, paths, [])
    best = fastest(repeats, runs)
    figures = {way: {"pictures/s": len(files) / time, "MB/s": size / time / 1e6} for way, time in best.items()}
    figures[f"{name}: packing"] = {"pictures/s": len(files) / packing_time, "MB/s": size / packing_time / 1e6}
    figures[f"{name}: indexing"] = {"pictures/s": len(files) / indexing_time, "MB/s": size / indexing_time / 1e6}
    ratios = []
    for way in best:
        kind, _, what = way.removeprefix(f"{name}: ").partition(", ")
        if kind != "files":
            target = ">= 1" if kind == "tars" else ""
            ratios.append(Ratio(f"{way}, to files", best[f"{name}: files, {what}"] / best[way], target))
    return figures, ratios


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--small", type=int, default=5000, help="number of small pictures")
    options = arguments.parse_args()
    data = os.environ.get("SPML_TEST_DATA")
    if not data:
        sys.exit("needs real data: set SPML_TEST_DATA to a folder with coco_mini/")
    figures: dict[str, dict[str, float]] = {}
    ratios: list[Ratio] = []
    with tempfile.TemporaryDirectory(dir=".") as scratch:
        draw(Path(scratch, "small"), options.small)
        for name, source in (("photographs", Path(data, "coco_mini")), ("small", Path(scratch, "small"))):
            found, more = measured(name, source, Path(scratch, f"{name}_tars"), options.repeats)
            figures |= found
            ratios += more
    report(f"Pictures in tars of {MEGABYTES} MB", figures, ratios, options)


if __name__ == "__main__":
    main()
