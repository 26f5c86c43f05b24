"""The rows of the result tables: every model and every set of pseudo-labels of an experiment."""

from collections.abc import Iterator
from typing import Any

from plan.experiment import Experiment, tau_of, variants_of


def models(experiment: Experiment) -> list[dict[str, Any]]:
    """Return every teacher and student with its replicate, as plain rows."""
    models = []
    for seed in experiment.seeds:
        for name in sorted(experiment.teachers):
            models.append({"kind": "teachers", "name": name, "variant": "", "tau": "", "seed": seed})
        for name in sorted(experiment.students):
            for variant in experiment.variants(name):
                row = {"kind": "students", "name": name, "variant": variant, "tau": tau_of(variant), "seed": seed}
                models.append(row)
    return models


def model_folders(experiment: Experiment) -> Iterator[str]:
    """Yield the folder of every model, in the order of models()."""
    for row in models(experiment):
        yield experiment.folder(row["name"], row["variant"], row["seed"])


def trained_models(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the rows of models() that are trained."""
    return [
        row for row in models(experiment) if row["kind"] == "students" or row["name"] not in experiment.text_teachers
    ]


def variants(experiment: Experiment) -> list[dict[str, Any]]:
    """Return every set of pseudo-labels of training rows with its replicate, as plain rows; on the pool no truth is known."""
    return [
        {"pseudo_labels": name, "variant": variant, "tau": tau_of(variant), "seed": seed}
        for seed in experiment.seeds
        for name, entry in sorted(experiment.pseudo_labels.items())
        if entry.split == "train"
        for variant in variants_of(entry)
    ]


def method_count(experiment: Experiment) -> int:
    """Return how many methods are compared: models of one replicate."""
    return len(models(experiment)) // len(experiment.seeds)
