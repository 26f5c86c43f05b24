"""Inputs and params of rules/evaluation.smk: every model and set of pseudo-labels.

All follow from the configuration, never from a folder, which may still hold the files of a removed τ.
"""

from typing import Any

from plan import features, paths, rows, training
from plan.experiment import Experiment, as_list, parse_reference, plain


def split_features(experiment: Experiment, model: str, split: str) -> str:
    """Return the features of a part that is one split, by the backbone of the model."""
    return model_features(experiment, model, split)


def model_features(experiment: Experiment, model: str, part: str) -> str:
    """Return what the head of a model takes of a part: features, or kernel values in their place."""
    return features.head_input(experiment, model, part)


def model_observed(experiment: Experiment, model: str) -> str | list[str]:
    """Return the observed labels of a model's replicate, where models are selected on them; of the first for one of all."""
    seed = paths.model_parts(model)[2]
    return training.selection_observed(experiment, str(min(experiment.seeds)) if seed == paths.SHARED_MODEL else seed)


def threshold_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of evaluate: the number of labels per image that thresholds follow where true labels choose none."""
    if not experiment.selects_on_observed:
        return {}
    return {"labels_per_image": plain(experiment.priors.labels_per_image)}


def all_metrics(experiment: Experiment) -> list[str]:
    """Return the metrics of every model, in the order of rows.models()."""
    return [paths.metrics(experiment.dataset, folder) for folder in rows.model_folders(experiment)]


def all_histories(experiment: Experiment) -> list[str]:
    """Return the training history of every model that is trained, in the order of rows.trained_models()."""
    trained = rows.trained_models(experiment)
    folders = [experiment.folder(row["name"], row["variant"], row["seed"]) for row in trained]
    return [paths.history(experiment.dataset, folder) for folder in folders]


def all_test_logits(experiment: Experiment) -> list[str]:
    """Return the logits of every model on the test split, in the order of rows.models()."""
    return [paths.logits(experiment.dataset, folder, "test") for folder in rows.model_folders(experiment)]


def comparison(experiment: Experiment) -> dict[str, Any]:
    """Return the options of compare_methods: the reference, and the students that the report compares with every method."""
    shown = experiment.pseudo_labels[experiment.shown_pseudo_labels]
    name, variant = parse_reference(experiment.comparison.reference or as_list(shown.teacher)[0])
    reference = {"kind": "students" if variant else "teachers", "name": name, "variant": variant}
    return plain({"reference": reference, "students": experiment.figures.students})


def all_pseudo_labels(experiment: Experiment) -> list[str]:
    """Return every file of pseudo-labels, in the order of rows.variants()."""
    return [
        paths.pseudo_labels(experiment.dataset, row["pseudo_labels"], row["seed"], row["variant"])
        for row in rows.variants(experiment)
    ]


def label_files(experiment: Experiment) -> int:
    """Return how many files of pseudo-labels are counted or compared with the truth."""
    return len(rows.variants(experiment))


def all_observed(experiment: Experiment) -> list[str]:
    """Return the observed labels of every replicate, in the order of the seeds."""
    return [paths.observed(experiment.dataset, seed) for seed in experiment.seeds]
