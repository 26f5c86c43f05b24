"""Inputs and params of rules/training.smk: teachers and students."""

from typing import Any

from plan import features, paths
from plan.experiment import Experiment, plain
from spml.losses.catalog import TAKES_BOTH


def teacher_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return the options of train_teacher."""
    entry = experiment.teachers[teacher]
    return plain(experiment.training_options(entry) | {"supervision": entry.supervision})


def student_options(experiment: Experiment, student: str) -> dict[str, Any]:
    """Return the options of train_student."""
    entry = experiment.students[student]
    stages = experiment.stages(entry)
    return experiment.training_options(entry) | ({"stages": stages} if stages else {})


def teacher_features(experiment: Experiment, teacher: str) -> str:
    """Return the features that a teacher learns from."""
    return features.head_input(experiment, experiment.teachers[teacher], "train")


def student_features(experiment: Experiment, student: str) -> str:
    """Return the features that a student learns from."""
    return features.head_input(experiment, experiment.students[student], "train")


def teacher_decomposition(experiment: Experiment, teacher: str) -> str | list[str]:
    """Return the eigenvectors that a teacher follows from, where it is a ridge regression."""
    return features.decomposition(experiment, experiment.teachers[teacher])


def student_decomposition(experiment: Experiment, student: str) -> str | list[str]:
    """Return the eigenvectors that a student follows from, where it is a ridge regression."""
    return features.decomposition(experiment, experiment.students[student])


def teacher_landmarks(experiment: Experiment, teacher: str) -> str | list[str]:
    """Return the landmarks of a teacher, where it has a kernel."""
    return features.landmarks(experiment, experiment.teachers[teacher])


def student_landmarks(experiment: Experiment, student: str) -> str | list[str]:
    """Return the landmarks of a student, where it has a kernel."""
    return features.landmarks(experiment, experiment.students[student])


def teacher_observed(experiment: Experiment, teacher: str, seed: str) -> str | list[str]:
    """Return the observed labels, where a teacher learns from them or is selected on them."""
    needed = experiment.teachers[teacher].supervision == "observed" or experiment.selects_on_observed
    return paths.observed(experiment.dataset, seed) if needed else []


def teacher_priors(experiment: Experiment, teacher: str, seed: str) -> str | list[str]:
    """Return the class priors, where the loss of a teacher expects as many positives per image as they sum to."""
    return paths.priors(experiment.dataset, seed) if experiment.expects_positives(experiment.teachers[teacher]) else []


def student_priors(experiment: Experiment, student: str, seed: str) -> str | list[str]:
    """Return the class priors, where the loss of a student expects as many positives per image as they sum to."""
    return paths.priors(experiment.dataset, seed) if experiment.expects_positives(experiment.students[student]) else []


def selection_observed(experiment: Experiment, seed: str) -> str | list[str]:
    """Return the observed labels, where models are selected on them."""
    return paths.observed(experiment.dataset, seed) if experiment.selects_on_observed else []


def student_observed(experiment: Experiment, student: str, seed: str) -> str | list[str]:
    """Return the observed labels, where a stage or the loss of a student learns from them, or models are selected on them."""
    entry = experiment.students[student]
    stages = entry.stages or []
    losses = [stage.loss or entry.loss for stage in stages] or [entry.loss]
    needed = any(stage.train_on == "observed" for stage in stages) or any(loss.name in TAKES_BOTH for loss in losses)
    return paths.observed(experiment.dataset, seed) if needed or experiment.selects_on_observed else []


def student_pool_features(experiment: Experiment, student: str) -> str | list[str]:
    """Return the features of the pool, where the pseudo-labels of a student are of it."""
    entry = experiment.students[student]
    if experiment.pseudo_labels[entry.pseudo_labels].split != "pool":
        return []
    return paths.features(experiment.dataset, experiment.backbone(entry), "pool")


def student_pool_labels(experiment: Experiment, student: str) -> str | list[str]:
    """Return the file that names the images of the pool, where the pseudo-labels of a student are of it."""
    return paths.labels(experiment.dataset, "pool") if student_pool_features(experiment, student) else []


def student_labels(experiment: Experiment, student: str, seed: str, variant: str) -> str:
    """Return the pseudo-labels that a student learns from."""
    name = experiment.students[student].pseudo_labels
    return paths.pseudo_labels(experiment.dataset, name, seed, variant)
