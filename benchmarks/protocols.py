"""The published search against the fast preset of docs/config.md: time and validation mAP on the demo's features.

    python benchmarks/protocols.py [--json protocols.json]

Linear heads on features as they are, one thread, three replicates. The demo must have been run.
"""

import sys

import numpy as np
import torch
from common import ROOT, Ratio, parser, report, seconds

from spml.artifacts import features, labels
from spml.training.batches import BatchSource
from spml.training.engine import train
from spml.training.options import TrainingOptions

PROTOCOLS = {
    "published": {"epochs": 25, "batch_sizes": (8, 16), "learning_rates": (1e-2, 1e-3, 1e-4, 1e-5)},
    "fast": {"epochs": 40, "batch_sizes": (64,), "learning_rates": (1e-2, 3e-3, 1e-3)},
}
TEACHERS: dict[str, tuple[str, dict]] = {"an": ("an", {}), "em": ("em", {"alpha": 0.1}), "full": ("bce", {})}
SEEDS = (1200, 1201, 1202)


def main() -> None:
    options = parser(__doc__).parse_args()
    torch.set_num_threads(1)
    results = ROOT / "results/demo"
    if not (results / "tables/map.csv").exists():
        sys.exit(f"{results}: the demo has not been run; wanted its features and labels: make run")
    true = labels.read(str(results / "labels/train.h5"), "labels")
    rows, validation_rows = true.rows("train"), true.rows("val")
    with features.reading(results / "features/efficientnet_lite0_96/train.h5") as stored:
        matrix = stored.read(np.arange(len(true.image_id)))
    validation = BatchSource(matrix[validation_rows], true.values[validation_rows])
    figures: dict[str, dict[str, float]] = {}
    scores: dict[str, dict[str, list[float]]] = {}
    for protocol, search in PROTOCOLS.items():
        scores[protocol] = {teacher: [] for teacher in TEACHERS}

        def run(teachers: dict[str, list[float]] = scores[protocol], search: dict = search) -> None:
            for teacher, (loss, hyperparameters) in TEACHERS.items():
                options = TrainingOptions(loss, "linear", standardize=False, hyperparameters=hyperparameters, **search)
                for seed in SEEDS:
                    observed = labels.read(str(results / f"observed/seed_{seed}.h5"), "observed").values
                    values = true.values.astype(np.int8) if teacher == "full" else observed
                    training = BatchSource(matrix[rows], values[rows])
                    trained = train(training, validation, options, seed=seed, name=teacher)
                    teachers[teacher].append(trained.val_map)

        took = seconds(run)
        means = {f"mAP {teacher}": float(np.mean(values)) for teacher, values in scores[protocol].items()}
        figures[protocol] = {"s": took} | means
    ratios = [
        Ratio("fast: time, times the published search", figures["fast"]["s"] / figures["published"]["s"], "<= 0.25", 2)
    ]
    for teacher in TEACHERS:
        gain = figures["fast"][f"mAP {teacher}"] - figures["published"][f"mAP {teacher}"]
        spread = float(np.std(scores["published"][teacher], ddof=1))
        ratios.append(Ratio(f"{teacher}: validation mAP, fast less published", gain, f">= -{spread:.2f}", 2))
    report("Protocols on the demo, linear heads, one thread, three replicates", figures, ratios, options)


if __name__ == "__main__":
    main()
