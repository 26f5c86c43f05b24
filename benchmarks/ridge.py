"""Ridge regression at the size of COCO: seconds and memory of all ridge models of the paper's grid.

    python benchmarks/ridge.py [--rows 82081] [--json ridge.json]

The grid: 3 replicates of a model on observed labels, one on true labels, and students for 5 thresholds. Each step is a
process of its own, as a rule's job is, and does what the rule does with its files; models run two at a time. Predictions
of the training, validation and test rows are not counted. ``CPU`` are the processor seconds of all steps: half of them is
the time on two cores that do nothing else.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from common import Ratio, parser, report
from synthetic import draw, write_features

REPLICATES, MODELS = 3, 1 + 1 + 5
VALIDATION = 0.2
PENALTIES = tuple(10.0 ** np.arange(-3, 4.1, 0.5))
TARGETS = {"linear": "<= 90", "rbf": "<= 180"}


def map_part(folder: Path, options: argparse.Namespace) -> None:
    """Choose the landmarks, and compute the kernel of all rows, as rules choose_landmarks and map_features do."""
    from synthetic import write_shard

    from spml.artifacts import decompositions, features
    from spml.models import kernels

    training, _ = split(options.rows)
    rows = np.arange(options.rows)
    with features.reading(folder / "features.h5") as stored:
        chosen = kernels.landmark_rows(len(training), options.landmarks, seed=1)
        landmarks = kernels.choose_landmarks(stored, training, training[chosen])
        blocks = (
            kernels.kernel_matrix(stored.read(rows[start : start + 1024]), landmarks)
            for start in range(0, len(rows), 1024)
        )
        write_shard(folder / "mapped" / "shard.h5", stored.image_id, blocks, "float32")
    features.join(folder / "mapped" / "features.h5", [folder / "mapped" / "shard.h5"])
    decompositions.write_landmarks(folder / "landmarks.h5", *landmarks)


def decompose(folder: Path, options: argparse.Namespace) -> None:
    """Compute the eigenvectors, as rule decompose_features does."""
    import torch

    from spml.artifacts import decompositions, features
    from spml.models.kernels import Landmarks
    from spml.training import decomposition

    torch.set_num_threads(1)
    landmarks = None
    if options.kernel == "rbf":
        landmarks = Landmarks(*decompositions.read_landmarks(folder / "landmarks.h5"))
    with features.reading(design(folder, options.kernel)) as stored:
        rows = decomposition.Rows(stored, split(options.rows)[0])
        found = decomposition.decompose(rows, landmarks, options.threads)
    decompositions.write(folder / f"{options.kernel}.h5", found)


def model(folder: Path, options: argparse.Namespace) -> None:
    """Fit one model, as rules train_teacher and train_student do."""
    import torch

    from spml.artifacts import decompositions, features
    from spml.training.decomposition import Rows
    from spml.training.options import RidgeOptions
    from spml.training.ridge import regress
    from spml.training.supervision import TrainingLabels

    torch.set_num_threads(1)
    labels = np.load(folder / "labels.npy")
    training, validation = split(options.rows)
    with features.reading(design(folder, options.kernel)) as stored:
        fitted = regress(
            Rows(stored, training),
            Rows(stored, validation),
            TrainingLabels("labels", labels[training]),
            labels[validation],
            decompositions.read(folder / f"{options.kernel}.h5"),
            RidgeOptions("squares", options.kernel, PENALTIES),
            "model",
        )
    print(f"penalty {fitted.penalty:g}, validation mAP {fitted.val_map:.2f}")


STEPS = {"map": map_part, "decompose": decompose, "model": model}


def design(folder: Path, kernel: str) -> Path:
    """Return the file of the features, or of the kernel values."""
    return folder / "mapped" / "features.h5" if kernel == "rbf" else folder / "features.h5"


def split(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the training and the validation rows."""
    order = np.random.RandomState(1200).permutation(rows)
    held = round(VALIDATION * rows)
    return np.sort(order[held:]), np.sort(order[:held])


def in_a_process(
    step: str, kernel: str, folder: Path, options: argparse.Namespace, threads: int
) -> tuple[float, float]:
    """Run a step in a process of its own; return its processor seconds and its peak memory in MB."""
    command = [sys.executable, __file__, "--step", step, "--kernel", kernel, "--folder", str(folder)]
    command += ["--rows", str(options.rows), "--landmarks", str(options.landmarks), "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    processor, memory = done.stdout.split()[-2:]
    return float(processor), float(memory)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=82081, help="of training and validation")
    arguments.add_argument("--width", type=int, default=2048)
    arguments.add_argument("--categories", type=int, default=80)
    arguments.add_argument("--landmarks", type=int, default=4096)
    arguments.add_argument("--models", type=int, default=REPLICATES * MODELS, help="fit, of those of the grid")
    arguments.add_argument("--step", choices=STEPS, help="one step, in this process")
    arguments.add_argument("--kernel", choices=TARGETS)
    arguments.add_argument("--folder", type=Path)
    options = arguments.parse_args()
    if options.step:
        STEPS[options.step](options.folder, options)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    threads = min(options.threads, 2)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        drawn, labels = draw(options.rows, options.width, options.categories)
        write_features(folder, options.rows, iter(np.array_split(drawn, 20)))
        np.save(folder / "labels.npy", labels)
        del drawn
        for kernel, target in TARGETS.items():
            row = figures[kernel] = {}
            usage = []
            for step in ("map", "decompose") if kernel == "rbf" else ("decompose",):
                begin = time.perf_counter()
                usage.append(in_a_process(step, kernel, folder, options, threads))
                row[step] = time.perf_counter() - begin
            begin = time.perf_counter()
            with ThreadPoolExecutor(threads) as pool:
                runs = [pool.submit(in_a_process, "model", kernel, folder, options, 1) for _ in range(options.models)]
                models = [run.result() for run in runs]
            share = REPLICATES * MODELS / options.models
            row["models"] = (time.perf_counter() - begin) * share
            row["all"] = sum(row.values())
            row["CPU"] = sum(seconds for seconds, _ in usage) + sum(seconds for seconds, _ in models) * share
            row["GB"] = max(memory for _, memory in usage + models) / 1024
            ratios += [
                Ratio(f"{kernel}: seconds of all models", row["all"], target),
                Ratio(f"{kernel}: processor seconds, halved", row["CPU"] / 2, target),
                Ratio(f"{kernel}: GB of a job", row["GB"], "<= 4"),
            ]
    shape = f"{options.rows:,} x {options.width:,}, {options.categories} categories, {options.landmarks:,} landmarks"
    report(f"Ridge regression: seconds, {shape}, {threads} threads", figures, ratios, options)


if __name__ == "__main__":
    main()
