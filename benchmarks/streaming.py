"""Features larger than memory: seconds of an epoch on mapped features, relative to features in memory.

    python benchmarks/streaming.py [--json streaming.json]

Each run is a process of its own. "page cache": mapped features that all fit the page cache. "limited": the file is several
times larger than the memory that a control group allows, page cache included. That takes root and Linux; without them,
only the page cache is measured.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from common import Ratio, parser, report, seconds
from synthetic import write_features

from spml.artifacts import features as feature_files
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext
from spml.models.heads import initial_weights
from spml.training.batches import BatchSource, MappedBatchSource
from spml.training.options import Candidate, TrainingOptions
from spml.training.steps import Steps, train_epoch

LIMIT = 64  # MB
TIMES = (2, 4, 8)  # size of the file, relative to LIMIT
WIDTH, CATEGORIES, BATCH_SIZE = 2048, 80, 16
GROUP = f"benchmark_{os.getpid()}"


def write_files(folder: Path, times: int) -> int:
    """Write random features of ``times`` LIMIT; return the number of rows."""
    rows = times * (LIMIT << 20) // (2 * WIDTH)
    block = np.random.default_rng(0).standard_normal((4096, WIDTH), np.float32)
    write_features(folder, rows, (block for _ in range(rows // len(block))))
    return rows


def group_folder() -> Path:
    """Return the control group for memory, of version 2 or 1."""
    root = Path("/sys/fs/cgroup")
    return root / GROUP if (root / "cgroup.controllers").exists() else root / "memory" / GROUP


def make_group() -> bool:
    """Make a control group with the limit; return False where that is not possible."""
    folder = group_folder()
    try:
        folder.mkdir()
        limit = folder / "memory.limit_in_bytes"
        (limit if limit.exists() else folder / "memory.max").write_text(str(LIMIT << 20))
    except OSError:
        return False
    return True


def epoch_seconds(folder: Path, kind: str, group: str, options: argparse.Namespace) -> float:
    """Return the seconds of the second epoch, in this process."""
    torch.set_num_threads(1)
    with feature_files.reading(folder / "features.h5") as stored:
        rows = np.arange(len(stored.image_id))
        labels = np.eye(CATEGORIES, dtype=np.int8)[rows % CATEGORIES]
        in_memory = kind == "memory"
        source = BatchSource(stored.read(rows), labels) if in_memory else MappedBatchSource(stored, rows, labels)
        rates = list(np.geomspace(1e-3, 1e-5, options.candidates))
        loss = make_loss("an", {}, RunContext(range(len(rates)), 2, source.labels))
        settings = TrainingOptions("an", "linear", 2, (BATCH_SIZE,), tuple(rates), standardize=True)
        weights = initial_weights("linear", 0, source.widths, range(len(rates)))
        steps = Steps(weights, loss, [Candidate(BATCH_SIZE, rate) for rate in rates], settings)
        mean, std = torch.zeros(WIDTH), torch.ones(WIDTH)
        if group:
            forget(folder / "shard.h5")
            (Path(group) / "cgroup.procs").write_text(str(os.getpid()))
        train_epoch(source, steps, mean, std, seed=1, epoch=1)
        return seconds(lambda: train_epoch(source, steps, mean, std, seed=1, epoch=2))


def forget(path: Path) -> None:
    """Drop a file from the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--candidates", type=int, default=4)
    arguments.add_argument("--run", nargs=3, metavar=("folder", "kind", "group"), help="one run, in this process")
    options = arguments.parse_args()
    if options.run:
        folder, kind, group = options.run
        print(epoch_seconds(Path(folder), kind, group, options))
        return

    def measure(folder: str, kind: str, group: str) -> float:
        command = [sys.executable, __file__, "--candidates", str(options.candidates), "--run", folder, kind, group]
        return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])

    limited = make_group()
    if not limited:
        print(f"no control group at {group_folder()}: files larger than memory are not measured (needs root and Linux)")
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    try:
        for times in TIMES if limited else TIMES[:1]:
            kinds = {"in memory": ("memory", ""), "page cache": ("mapped", "")}
            if limited:
                kinds["limited"] = ("mapped", str(group_folder()))
            best = dict.fromkeys(kinds, float("inf"))
            with tempfile.TemporaryDirectory() as folder:
                write_files(Path(folder), times)
                for _ in range(options.repeats):
                    for name, (kind, group) in kinds.items():
                        best[name] = min(best[name], measure(folder, kind, group))
            title = f"file of {times * LIMIT} MB, {times} times the limit"
            figures[title] = best
            for name in list(kinds)[1:]:
                ratio = best[name] / best["in memory"]
                ratios.append(Ratio(f"{title}: {name}, times in memory", ratio, "<= 1.5", 2))
    finally:
        if limited:
            group_folder().rmdir()
    title = f"Seconds of an epoch, {WIDTH:,} features as float16, {options.candidates} linear candidates, one thread"
    report(title, figures, ratios, options)


if __name__ == "__main__":
    main()
