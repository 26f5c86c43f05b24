"""Validation mAP of losses, and of students of rules of pseudo-labels, on the sets of real_sets.py; no test row is read.

    python benchmarks/methods.py --losses an em csl "csl likely=1" --sets yeast
    python benchmarks/methods.py --rules "threshold tau=0.75" cardinality "conformal error_rate=0.3 inside=ignored"

Models are trained as the section ``training`` has it by default; ``--training`` overrides keys. Replicates differ in their
split, observed labels and initial weights. Losses learn from one observed positive per image. Students learn with bce from
labels of a teacher with em; what was observed is put back. Rules also get precision, recall and the share of present labels
that they call absent, on the training rows.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import yaml
from common import parser
from real_sets import SEEDS, SETS, FeatureSet, available

from plan.experiment import plain
from plan.recipe import Training
from spml.artifacts.codes import PseudoLabel, TrueLabel
from spml.labels import pseudo_labels
from spml.labels.estimates import Evidence, arguments
from spml.losses.catalog import LOSSES, NEEDS_MAPS
from spml.losses.targets import encode_full_labels
from spml.models.heads import apply_heads
from spml.training.batches import BatchSource
from spml.training.engine import Trained, train
from spml.training.options import TrainingOptions


def setting(text: str) -> tuple[str, dict[str, Any]]:
    """Return a name and its hyperparameters from text such as csl likely=1."""
    name, *rest = text.split()
    return name, {key: yaml.safe_load(value) for key, _, value in (part.partition("=") for part in rest)}


def fit(found: FeatureSet, labels: np.ndarray, loss: str, seed: int, training: dict[str, Any]) -> Trained:
    """Train on labels [n, L] of the training rows, in the code of the losses, and select on true validation labels."""
    name, hyperparameters = setting(loss)
    if name in NEEDS_MAPS:
        sys.exit(f"{name}: found frozen features, which have no score maps; wanted another loss")
    hyperparameters = LOSSES[name].defaults() | hyperparameters
    rows, val = found.rows("train"), found.rows("val")
    if "k" in hyperparameters and hyperparameters["k"] is None:
        hyperparameters["k"] = float(found.true[val].sum(1).mean())
    section = plain(Training()) | training | {"loss": {"name": name} | hyperparameters, "select_on": "true_labels"}
    return train(
        BatchSource(found.features[rows], labels),
        BatchSource(found.features[val], found.true[val]),
        TrainingOptions.from_config(section),
        seed=seed,
        name=f"benchmark/{loss}",
    )


def predict(trained: Trained, features: np.ndarray) -> np.ndarray:
    """Return logits [n, L] of features [n, D]."""
    weights = {key: value.unsqueeze(0) for key, value in trained.weights.items()}
    return apply_heads(weights, torch.from_numpy(features).float())[0].numpy()


def students(
    found: FeatureSet, rules: list[str], seed: int, training: dict[str, Any]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield, for the teacher and a student of each rule, validation mAP and what its labels are worth."""
    rows, val = found.rows("train"), found.rows("val")
    observed, true = found.observed(seed)[rows], found.true[rows]
    teacher = fit(found, observed, "em", seed, training)
    yield "teacher em", {"val_map": teacher.val_map}
    logits, val_logits = (predict(teacher, found.features[part]) for part in (rows, val))
    names = [f"category {number}" for number in range(true.shape[1])]
    evidence = Evidence(names, logits, observed, val_logits, found.true[val])
    for text in rules:
        name, parameters = setting(text)
        rule = pseudo_labels.RULES[name]
        parameters = {entry.name: entry.default for entry in rule.hyperparameters} | parameters
        if "prior" in parameters:
            parameters["prior"] = found.true[val].mean(0)
        labels = pseudo_labels.apply(rule, logits, **arguments(rule, evidence, parameters))[:]
        kept = pseudo_labels.keep_observed(labels, observed)
        student = fit(found, encode_full_labels("bce", text, kept), "bce", seed, training)
        present, taken = true == TrueLabel.PRESENT, labels > 0.5
        yield (
            text,
            {
                "val_map": student.val_map,
                "precision": (taken & present).sum() / max(taken.sum(), 1),
                "recall": (taken & present).sum() / present.sum(),
                "missed": ((labels == PseudoLabel.ABSENT) & present).sum() / present.sum(),
            },
        )


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument("--sets", nargs="*", default=list(SETS))
    options.add_argument("--losses", nargs="*", default=[], metavar="LOSS")
    options.add_argument("--rules", nargs="*", default=[], metavar="RULE")
    options.add_argument("--replicates", type=int, default=len(SEEDS))
    options.add_argument("--training", type=json.loads, default={}, help="keys of the section training, as JSON")
    arguments_ = options.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {}
    for found in available(arguments_.sets):
        rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for seed in SEEDS[: arguments_.replicates]:
            drawn = found.with_split(seed)
            observed = drawn.observed(seed)[drawn.rows("train")]
            for loss in arguments_.losses:
                rows[loss]["val_map"].append(fit(drawn, observed, loss, seed, arguments_.training).val_map)
            if arguments_.rules:
                for text, values in students(drawn, arguments_.rules, seed, arguments_.training):
                    for key, value in values.items():
                        rows[text][key].append(float(value))
        results[found.name] = rows
        print(f"{found.name}: validation mAP, mean and standard deviation of {arguments_.replicates} replicates")
        for text, columns in rows.items():
            rest = "".join(f"  {key} {np.mean(values):.2f}" for key, values in columns.items() if key != "val_map")
            scores = columns["val_map"]
            std = f" ± {np.std(scores, ddof=1):.1f}" if len(scores) > 1 else ""
            print(f"  {text:45} {np.mean(scores):.1f}{std}{rest}")
    if arguments_.json:
        arguments_.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
