"""Thresholds of predictions and targets of pseudo-labels, on pictures that neither model nor threshold has seen.

    python benchmarks/thresholds.py [--sets coco_mini_mobilenet_v2] [--json thresholds.json]

Sets are those of real_sets.py; their test parts are not used. In each replicate a fifth of the training part is held out, and
a fifth of the rest is the validation split. A model learns from one observed label per row of what remains. Thresholds see
validation alone, with its true labels (``known``) or with one observed label per row (``unknown``). Figures are means over
replicates, in percent, on the held-out rows:

- F1: of all labels together; by category: mean over the categories that are present; precision, recall: of all labels

Targets: the share of right ones among the labels that the model adds to its own training rows above the τ that a target of
precision found, and how many these are, over all replicates.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import real_sets
import torch
from common import report
from priors import TEACHERS, logits

from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.evaluation import thresholds
from spml.evaluation.confusion import confusion
from spml.labels import priors, tau_search
from spml.labels.pseudo_labels import probabilities

WEIGHTS = (0, 5, 10, 20, 50, 100)  # of the threshold of all categories, in positives
LIMITS = (5, 20)  # positives from which a category has its own threshold, others that of all
PRECISIONS = (0.5, 0.7, 0.8, 0.9)
HELD_OUT = 0.2


@dataclasses.dataclass(frozen=True)
class Replicate:
    """Logits and labels of the rows train, val and held (held out), [n, L] each."""

    logits: dict[str, np.ndarray]
    true: dict[str, np.ndarray]
    observed: dict[str, np.ndarray]


def replicate(found: real_sets.FeatureSet, model: str, seed: int) -> Replicate:
    """Train a model on a part of the rows, and return what it says of all."""
    order = np.random.RandomState(seed).permutation(len(found.true))
    count = round(HELD_OUT * len(order))
    kept, held = np.sort(order[count:]), np.sort(order[:count])
    part = dataclasses.replace(found, features=found.features[kept], true=found.true[kept]).with_split(seed)
    observed = part.observed(seed)
    everything = dataclasses.replace(
        part,
        features=np.concatenate([part.features, found.features[held]]),
        true=np.concatenate([part.true, found.true[held]]),
    )
    padded = np.concatenate([observed, np.zeros((count, observed.shape[1]), observed.dtype)])
    scores = logits(everything, padded, model, seed)  # its rows train and val are those of ``part``
    rows = {"train": part.rows("train"), "val": part.rows("val"), "held": np.arange(len(kept), len(scores))}
    return Replicate(
        {name: scores[own] for name, own in rows.items()},
        {name: everything.true[own] for name, own in rows.items()},
        {name: padded[own] for name, own in rows.items()},
    )


def chosen(data: Replicate) -> Iterator[tuple[str, np.ndarray | float]]:
    """Yield the thresholds [L], or one, that each way of choosing finds on the validation rows."""
    probability, true = probabilities(data.logits["val"]), data.true["val"]
    observed = data.observed["val"]
    overall, positives = thresholds.best_threshold(probability, true), (true == TrueLabel.PRESENT).sum(0)
    yield "known: one for all", overall
    for weight in WEIGHTS:
        yield f"known: drawn to it, weight {weight}", thresholds.by_category(probability, true, weight).values
    own = thresholds.by_category(probability, true, 0).values
    for limit in LIMITS:
        yield f"known: own from {limit} positives on", np.where(positives >= limit, own, overall)
    as_truth = (observed == ObservedLabel.PRESENT).astype(np.int8)
    yield "unknown: observed as truth, own", thresholds.by_category(probability, as_truth, 0).values
    yield "unknown: observed as truth, one for all", thresholds.best_threshold(probability, as_truth)
    slope, offset, prior = priors.fixed_point(data.logits["val"], observed)
    order = np.argsort(-probability, axis=None)
    calibrated = probabilities(slope * data.logits["val"] + offset).ravel()[order]
    f1 = 2 * np.cumsum(calibrated) / (np.arange(1, len(order) + 1) + calibrated.sum())
    yield "unknown: expected F1, one for all", probability.ravel()[order][np.argmax(f1)]
    count = np.clip(np.rint(prior * len(probability)).astype(int), 1, len(probability) - 1)
    yield "unknown: prior of the category", np.sort(probability, 0)[::-1][count, np.arange(len(count))]
    estimate = priors.estimated_number(data.logits["val"], observed)
    yield "unknown: estimated labels per image", thresholds.by_labels_per_image(probability, estimate).overall
    rates = (np.concatenate([data.observed["train"], observed]) == ObservedLabel.PRESENT).sum(0) + 0.5
    yield (
        "unknown: estimated labels per image, limited by rates",
        thresholds.by_labels_per_image(probability, estimate, rates).values,
    )
    k = np.concatenate([data.true["train"], true]).sum(1).mean()
    yield "unknown: labels per image as told", thresholds.by_labels_per_image(probability, k).overall


def figures(data: Replicate, threshold: np.ndarray | float) -> dict[str, float]:
    """Return the figures of thresholds on the held-out rows."""
    counts = confusion(probabilities(data.logits["held"]) > threshold, data.true["held"], axis=0)
    overall, present = counts.overall, np.asarray(counts.present) > 0
    values = overall.f1, counts.f1[present].mean(), np.nan_to_num(overall.precision), overall.recall
    return dict(
        zip(("F1", "by category", "precision", "recall"), (100 * float(value) for value in values), strict=True)
    )


def targets(data: Replicate) -> Iterator[tuple[str, int, int]]:
    """Yield each target of precision with how many labels it adds to the training rows, and how many are right."""
    val = data.logits["val"], data.observed["val"]
    for name, posterior in (
        ("known", tau_search.validated(*val, data.true["val"])),
        ("unknown", tau_search.estimated(*val)),
    ):
        for precision in PRECISIONS:
            scores, observed = data.logits["train"], data.observed["train"]
            found = tau_search.by_precision(scores, observed, posterior, precision)
            added = (probabilities(scores) > found.tau) & (observed == ObservedLabel.UNOBSERVED)
            yield f"{name}: {precision}", int(added.sum()), int((data.true["train"][added] == TrueLabel.PRESENT).sum())


def main() -> None:
    options = real_sets.sets_parser(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    for found in real_sets.available(options.sets):
        for model in TEACHERS:
            rows: dict[str, list[dict[str, float]]] = {}
            added: dict[str, list[tuple[int, int]]] = {}
            for seed in real_sets.SEEDS[: options.seeds]:
                data = replicate(found, model, seed)
                for name, threshold in chosen(data):
                    rows.setdefault(name, []).append(figures(data, threshold))
                for name, labels, right in targets(data):
                    added.setdefault(name, []).append((labels, right))
            means = {
                name: {key: float(np.mean([row[key] for row in each])) for key in each[0]}
                for name, each in rows.items()
            }
            report(f"{found.name}, {model}: thresholds of predictions", means, [], options)
            sums = {name: np.sum(each, axis=0) for name, each in added.items()}
            precision = {
                name: {"labels added": float(labels), "precision": 100 * float(right) / max(labels, 1)}
                for name, (labels, right) in sums.items()
            }
            report(f"{found.name}, {model}: targets of precision", precision, [], options)


if __name__ == "__main__":
    main()
