"""Inputs and params of rules/review.smk: gallery and exports."""

from typing import Any

from plan import labels, paths
from plan.experiment import Experiment, as_list, format_reference, target_of, tau_of, variants_of
from spml.review.exports import FORMATS


def gallery_options(experiment: Experiment, pseudo_labels: str) -> dict[str, Any]:
    """Return the options of make_gallery: the variants of the pseudo-labels in words, and their teachers."""
    entry = labels.entry(experiment, pseudo_labels)
    variants = variants_of(entry)
    rule = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in target_of(entry).items()) or entry.rule
    return {
        "teacher": ", ".join(format_reference(reference) for reference in as_list(entry.teacher)),
        "variants": [f"τ {tau_of(variant)}" if tau_of(variant) else rule for variant in variants],
    }


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
