"""Pseudo-labels of own pictures by default: which teachers, and which way to their τ, where no true label is known.

    python benchmarks/default_labels.py [--sets coco_mini_mobilenet_v2] [--json default_labels.json]

Sets are those of real_sets.py; their test parts are not used. In each replicate the split is drawn anew, teachers learn from one
observed label per row, and are selected on observed labels. Figures are means over replicates on the training rows, in percent,
with observed labels put back:

- F1: of all pseudo-labels; right: of the labels that were added, the share that is; added: how many per picture
"""

from collections.abc import Iterator

import numpy as np
import real_sets
import torch
from common import report

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import confusion
from spml.labels import priors, tau_search
from spml.labels.pseudo_labels import keep_observed, threshold
from spml.losses.catalog import LOSSES
from spml.models.heads import apply_heads
from spml.training.batches import BatchSource
from spml.training.engine import train
from spml.training.options import TrainingOptions

TEACHERS = ("em", "gr", "ll_r")
RECIPE = {"epochs": 25, "patience": 5, "batch_sizes": (64,), "learning_rates": (3e-3, 1e-3, 3e-4), "hidden": 512}
TAUS = (0.5, 0.55, 0.65, 0.75, 0.85, 0.95)
PRECISIONS = (0.4, 0.5, 0.6, 0.7, 0.8)


def logits(found: real_sets.FeatureSet, observed: np.ndarray, teacher: str, seed: int) -> np.ndarray:
    """Return the logits [N, L] of a teacher by default training, on the training and validation rows."""
    defaults = {parameter.name: parameter.default for parameter in LOSSES[teacher].hyperparameters}
    options = TrainingOptions(
        teacher,
        "mlp",
        standardize=True,
        dropout=0.5,
        hyperparameters=defaults,
        supervision="observed",
        select_on="observed_labels",
        **RECIPE,
    )
    rows, val = found.rows("train"), found.rows("val")
    parts = [BatchSource(found.features[part], observed[part]) for part in (rows, val)]
    trained = train(*parts, options, seed=seed, name=f"teachers/{teacher}")
    with torch.no_grad():
        weights = {key: value[None] for key, value in trained.weights.items()}
        return apply_heads(weights, torch.from_numpy(found.features).float())[0].numpy()


def taus(scores: np.ndarray, observed: np.ndarray, val: tuple[np.ndarray, np.ndarray]) -> Iterator[tuple[str, float]]:
    """Yield the τ of each way to choose it, from logits and observed labels [n, L] of training and validation rows."""
    for tau in TAUS:
        yield f"τ {tau}", tau
    number = priors.estimated_number(*val)
    yield "labels per image: priors", tau_search.by_labels_per_image(scores, observed, number, True).tau
    posterior = tau_search.estimated(*val)
    for precision in PRECISIONS:
        yield f"precision: {precision}", tau_search.by_precision(scores, observed, posterior, precision).tau


def figures(scores: np.ndarray, observed: np.ndarray, true: np.ndarray, tau: float) -> dict[str, float]:
    """Return the figures of the labels above a τ, with observed labels put back."""
    labels = keep_observed(threshold(scores, tau), observed) == PseudoLabel.PRESENT
    added = labels & (observed == ObservedLabel.UNOBSERVED)
    right = (true == TrueLabel.PRESENT) & added
    return {
        "F1": 100 * float(confusion(labels, true).f1),
        "right": 100 * right.sum() / max(added.sum(), 1),
        "added": added.sum() / len(added),
    }


def main() -> None:
    options = real_sets.sets_parser(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    for found in real_sets.available(options.sets):
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in real_sets.SEEDS[: options.seeds]:
            part = found.with_split(seed)
            observed, (train_rows, val_rows) = part.observed(seed), (part.rows("train"), part.rows("val"))
            scores = {teacher: logits(part, observed, teacher, seed) for teacher in TEACHERS}
            scores["mean of the three"] = np.mean(list(scores.values()), axis=0, dtype=np.float32)
            for name, values in scores.items():
                own = values[train_rows], observed[train_rows]
                for way, tau in taus(*own, (values[val_rows], observed[val_rows])):
                    rows.setdefault(f"{name}, {way}", []).append(figures(*own, part.true[train_rows], tau))
        means = {
            name: {key: float(np.mean([row[key] for row in each])) for key in each[0]} for name, each in rows.items()
        }
        report(f"{found.name}: pseudo-labels without truth", means, [], options)


if __name__ == "__main__":
    main()
