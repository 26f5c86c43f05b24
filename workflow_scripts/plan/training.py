"""Inputs and params of rules/training.smk: teachers and students."""

import sys
from typing import Any

from plan import features, paths
from plan.errors import unknown
from plan.experiment import Experiment, plain
from plan.texts import Text
from spml.losses.catalog import TAKES_BOTH


def teacher_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return the options of train_teacher, or of make_text_teacher."""
    entry = experiment.teachers[teacher]
    if entry.text:
        return text_options(experiment, teacher)
    return plain(experiment.training_options(entry) | {"supervision": entry.supervision})


def text_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return the options of make_text_teacher."""
    text = _text(experiment, teacher)
    own = {"temperature": text.temperature, "debias": text.debias, "crops": text.crops}
    return plain({"text": own | {"select_on": experiment.validation.select_on}})


def prompt_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return the options of embed_prompts: the prompts, and the backbone as extraction has it."""
    text = _text(experiment, teacher)
    return plain({"prompts": text.prompts, "backbone": features.extraction(experiment, text.backbone)})


def prompt_names(experiment: Experiment, teacher: str) -> str | list[str]:
    """Return the user's file with the names of categories in texts, if there is one."""
    return _text(experiment, teacher).names or []


def text_weights(experiment: Experiment, teacher: str) -> str:
    """Return the weights of the image-text model of a teacher."""
    return features.backbone_weights(experiment, _text(experiment, teacher).backbone)


def text_pictures(experiment: Experiment, teacher: str) -> str:
    """Return the features of the training part that a teacher with texts compares them with."""
    return paths.features(experiment.dataset, _text(experiment, teacher).backbone, "train")


def text_observed(experiment: Experiment) -> str | list[str]:
    """Return the observed labels of the first replicate, where models are selected on them."""
    return selection_observed(experiment, str(min(experiment.seeds)))


def _text(experiment: Experiment, teacher: str) -> Text:
    """Return the texts of a teacher; end with one line where the path of a requested file names one without."""
    for line in unknown("text teacher of a requested file", teacher, experiment.text_teachers):
        sys.exit(f"Error: {line}")
    text = experiment.teachers[teacher].text
    assert text
    return text


def student_options(experiment: Experiment, student: str) -> dict[str, Any]:
    """Return the options of train_student."""
    entry = experiment.students[student]
    stages = experiment.stages(entry)
    return experiment.training_options(entry) | ({"stages": stages} if stages else {})


def teacher_searches(experiment: Experiment, teacher: str) -> list[dict[str, Any]]:
    """Return the options of all that a teacher trains."""
    return [experiment.training_options(experiment.teachers[teacher])]


def student_searches(experiment: Experiment, student: str) -> list[dict[str, Any]]:
    """Return the options of all that a student trains: those of each stage, laid over its own, and whether targets are soft."""
    entry = experiment.students[student]
    options = experiment.training_options(entry) | {
        "soft_targets": experiment.pseudo_labels[entry.pseudo_labels].rule == "soft"
    }
    return [options | stage for stage in experiment.stages(entry)] or [options]


def teacher_features(experiment: Experiment, teacher: str, seed: str) -> str:
    """Return the features that a teacher learns from."""
    return features.head_input(experiment, paths.model(teacher, "", seed), "train")


def student_features(experiment: Experiment, student: str, seed: str, variant: str) -> str:
    """Return the features that a student learns from."""
    return features.head_input(experiment, paths.model(student, variant, seed), "train")


def teacher_decomposition(experiment: Experiment, teacher: str, seed: str) -> str | list[str]:
    """Return the eigenvectors that a teacher follows from, where it is a ridge regression."""
    return features.decomposition(experiment, paths.model(teacher, "", seed))


def student_decomposition(experiment: Experiment, student: str, seed: str, variant: str) -> str | list[str]:
    """Return the eigenvectors that a student follows from, where it is a ridge regression."""
    return features.decomposition(experiment, paths.model(student, variant, seed))


def teacher_landmarks(experiment: Experiment, teacher: str, seed: str) -> str | list[str]:
    """Return the landmarks of a teacher, where it has a kernel."""
    return features.landmarks(experiment, paths.model(teacher, "", seed))


def student_landmarks(experiment: Experiment, student: str, seed: str, variant: str) -> str | list[str]:
    """Return the landmarks of a student, where it has a kernel."""
    return features.landmarks(experiment, paths.model(student, variant, seed))


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


def student_pool_features(experiment: Experiment, student: str, seed: str, variant: str) -> str | list[str]:
    """Return the features of the pool, where the pseudo-labels of a student are of it."""
    return (
        features.head_input(experiment, paths.model(student, variant, seed), "pool")
        if _on_pool(experiment, student)
        else []
    )


def student_pool_labels(experiment: Experiment, student: str) -> str | list[str]:
    """Return the file that names the images of the pool, where the pseudo-labels of a student are of it."""
    return paths.labels(experiment.dataset, "pool") if _on_pool(experiment, student) else []


def _on_pool(experiment: Experiment, student: str) -> bool:
    return experiment.pseudo_labels[experiment.students[student].pseudo_labels].split == "pool"


def student_labels(experiment: Experiment, student: str, seed: str, variant: str) -> str:
    """Return the pseudo-labels that a student learns from."""
    name = experiment.students[student].pseudo_labels
    return paths.pseudo_labels(experiment.dataset, name, seed, variant)
