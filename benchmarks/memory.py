"""Memory that does not grow: peak memory of extraction and of training on mapped features, for few and many images.

    python benchmarks/memory.py [--json memory.json]

Each run is a process of its own; pictures are links to a few drawn ones. Extraction counts all resident memory. Training
counts the memory that no file backs (Linux alone tells): the system frees pages of mapped features when it needs memory.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import Ratio, parser, report

SMALL, LARGE = 2000, 16000
WIDTH, CATEGORIES = 2048, 80


def extract(folder: Path, count: int) -> float:
    """Extract features as the rule does, with ResNet-18 at 64 pixels; return the peak of resident memory in MB."""
    import torch
    from features import draw_pictures, random_backbone
    from synthetic import write_shard

    from spml.features import images
    from spml.features.extractor import CPU_BATCH, Extractor

    torch.set_num_threads(1)
    drawn = draw_pictures(folder, 20)
    paths = []
    for number in range(count):
        paths.append(str(folder / f"link{number}.jpg"))
        os.link(drawn[number % len(drawn)], paths[-1])
    backbone = random_backbone("torchvision", "resnet18", folder, 64)
    batches = Extractor(backbone, "float32", "cpu", 2)(images.read_batches(paths, backbone.preprocessing, CPU_BATCH, 2))
    write_shard(folder / "shard.h5", list(map(str, range(count))), batches)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train_mapped(folder: Path, count: int) -> float:
    """Read mapped features as one epoch of training does; return the peak of memory without files in MB."""
    from synthetic import write_features

    from spml.artifacts import features as feature_files
    from spml.training.batches import MappedBatchSource

    random = np.random.default_rng(0)
    blocks = (random.standard_normal((1000, WIDTH), np.float32) for _ in range(count // 1000))
    path, _ = write_features(folder, count, blocks)
    peak = 0.0
    with feature_files.reading(path) as stored:
        source = MappedBatchSource(stored, np.arange(count), np.zeros((count, CATEGORIES), np.int8))
        for _ in source.in_order():
            peak = max(peak, anonymous_memory())
        for _ in source.shuffled(1, 16, 1):
            peak = max(peak, anonymous_memory())
    return peak


def anonymous_memory() -> float:
    """Return the resident memory of this process that no file backs, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


RUNS = {"extraction": extract, "training on mapped features": train_mapped}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--run", nargs=2, metavar=("name", "count"), help="one run, in this process")
    options = arguments.parse_args()
    if options.run:
        with tempfile.TemporaryDirectory() as folder:
            print(RUNS[options.run[0]](Path(folder), int(options.run[1])))
        return
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    for name in RUNS:
        figures[name] = {}
        for count in (SMALL, LARGE):
            command = [sys.executable, __file__, "--run", name, str(count)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            figures[name][f"{count:,}"] = float(output.split()[-1])
        small, large = figures[name].values()
        ratios.append(Ratio(f"{name}: {LARGE:,} images, times the memory of {SMALL:,}", large / small, "<= 1.1", 3))
    report("Peak memory in MB, by number of images", figures, ratios, options)


if __name__ == "__main__":
    main()
