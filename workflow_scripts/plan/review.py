"""Inputs and params of rules/review.smk: gallery and exports."""

from typing import Any

from plan import labels, paths, shown
from plan.experiment import Experiment, as_list, target_of, tau_of, variants_of
from spml.review.exports import FORMATS


def gallery_options(experiment: Experiment, pseudo_labels: str) -> dict[str, Any]:
    """Return the options of make_gallery: the variants in words, their teachers, and the student that tells the chosen one."""
    entry = labels.entry(experiment, pseudo_labels)
    variants = variants_of(entry)
    rule = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in target_of(entry).items()) or entry.rule
    return {
        "student": _student(experiment, pseudo_labels),
        "teacher": ", ".join(shown.name(experiment, reference) for reference in as_list(entry.teacher)),
        "variants": {variant: f"τ {tau_of(variant)}" if tau_of(variant) else rule for variant in variants},
    }


def gallery_map(experiment: Experiment, pseudo_labels: str) -> str | list[str]:
    """Return the table that tells which variant validation chose, where there are several and a student follows them."""
    several = len(variants_of(labels.entry(experiment, pseudo_labels))) > 1
    return paths.table("map", experiment.dataset) if several and _student(experiment, pseudo_labels) else []


def _student(experiment: Experiment, pseudo_labels: str) -> str:
    """Return a student of these pseudo-labels, that of the figures if it is one; empty where none learns from them."""
    students = sorted(name for name, entry in experiment.students.items() if entry.pseudo_labels == pseudo_labels)
    first = experiment.figures.students
    return first if first in students else next(iter(students), "")


def shown_gallery(experiment: Experiment) -> str:
    """Return the page of the target ``gallery``: the pseudo-labels of figure 1b in the first replicate."""
    return paths.gallery(experiment.dataset, experiment.shown_pseudo_labels, min(experiment.seeds))


def shown_exports(experiment: Experiment) -> list[str]:
    """Return the folders of the target ``exports``: every variant of the same pseudo-labels in every format."""
    name, seed = experiment.shown_pseudo_labels, min(experiment.seeds)
    return [
        paths.export(experiment.dataset, name, seed, variant, file_format)
        for variant in variants_of(experiment.pseudo_labels[name])
        for file_format in FORMATS
    ]
