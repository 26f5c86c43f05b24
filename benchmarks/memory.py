"""Memory that does not grow: peak resident memory of extraction and of streamed training, small and eight times as large.

    python benchmarks/memory.py [--json memory.json]

Each run is a process of its own; pictures are links to a few drawn ones.
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


def extract(folder: Path, count: int) -> None:
    """As the rule does it, ResNet-18 at 64 pixels."""
    import torch
    from features import draw_pictures, random_backbone
    from synthetic import write_shard

    from spml.features import backbones, images

    torch.set_num_threads(1)
    drawn = draw_pictures(folder, 20)
    paths = []
    for number in range(count):
        paths.append(str(folder / f"link{number}.jpg"))
        os.link(drawn[number % len(drawn)], paths[-1])
    extractor = backbones.Extractor(random_backbone("resnet18", folder), "float32", "cpu", 2)
    batches = extractor(images.read_batches(paths, 64, backbones.CPU_BATCH, 2))
    write_shard(folder / "shard.h5", list(map(str, range(count))), batches)


def stream(folder: Path, count: int) -> None:
    """An epoch over features of which 16 MB at a time are in memory."""
    from synthetic import write_features

    from spml.artifacts import features as feature_files
    from spml.training.batches import StreamedRows

    random = np.random.default_rng(0)
    blocks = (random.standard_normal((1000, WIDTH), np.float32) for _ in range(count // 1000))
    path, _ = write_features(folder, count, blocks)
    with feature_files.reading(path) as stored:
        labels = np.zeros((count, CATEGORIES), np.int8)
        rows = StreamedRows(stored, np.arange(count), labels, memory_mb=16)
        for _, features, _ in rows.shuffled(1, 16, 1):
            assert len(features)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--run", nargs=2, metavar=("what", "count"), help="one run, in this process")
    options = made.parse_args()
    if options.run:
        with tempfile.TemporaryDirectory() as folder:
            {"extract": extract, "stream": stream}[options.run[0]](Path(folder), int(options.run[1]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    for what, name in (("extract", "extraction"), ("stream", "streamed training")):
        figures[name] = {}
        for count in (SMALL, LARGE):
            command = [sys.executable, __file__, "--run", what, str(count)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            figures[name][f"{count:,}"] = float(output.split()[-1])
        small, large = figures[name].values()
        ratios.append(Ratio(f"{name}: {LARGE:,} images, times the memory of {SMALL:,}", large / small, "<= 1.1", 3))
    report("Peak resident memory in MB, by number of images", figures, ratios, options)


if __name__ == "__main__":
    main()
