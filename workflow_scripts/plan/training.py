"""What rules/features.smk and rules/training.smk depend on: backbones, features, teachers and students."""

from typing import Any

from plan import paths
from plan.experiment import Experiment, plain


def backbone_weights(experiment: Experiment, backbone: str) -> str:
    """Return the state dict of a backbone."""
    weights = experiment.config.backbones[backbone].weights
    return paths.weights(weights, backbone) if weights in ("imagenet", "demo") else weights


def architecture(experiment: Experiment, backbone: str) -> str:
    """Return the architecture of a backbone."""
    return experiment.config.backbones[backbone].architecture


def weights_download(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the user's mirror of ImageNet weights, if one is named; with ``sha256: null`` no checksum is compared."""
    mirror = experiment.config.backbones[backbone].download
    return plain(mirror.model_dump(exclude_unset=True)) if mirror else {}


def pretraining(experiment: Experiment) -> dict[str, Any]:
    """Return how many pictures the demo's backbone is pretrained on."""
    return {"singles": experiment.config.demo.singles}


def extraction(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return how a backbone turns pictures into features."""
    entry = experiment.config.backbones[backbone]
    return plain({key: getattr(entry, key) for key in ("architecture", "image_size", "precision", "storage")})


def teacher_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return how a teacher is trained."""
    entry = experiment.teachers[teacher]
    return plain(experiment.training_options(entry) | {"supervision": entry.supervision})


def student_options(experiment: Experiment, student: str) -> dict[str, Any]:
    """Return how a student is trained."""
    return experiment.training_options(experiment.students[student])


def teacher_features(experiment: Experiment, teacher: str) -> str:
    """Return the features that a teacher learns from."""
    return paths.features(experiment.dataset, experiment.backbone(experiment.teachers[teacher]), "train")


def student_features(experiment: Experiment, student: str) -> str:
    """Return the features that a student learns from."""
    return paths.features(experiment.dataset, experiment.backbone(experiment.students[student]), "train")


def teacher_observed(experiment: Experiment, teacher: str, seed: str) -> str | list[str]:
    """Return the observed labels, where a teacher learns from them or is selected on them."""
    needed = experiment.teachers[teacher].supervision == "observed" or experiment.selects_on_observed
    return paths.observed(experiment.dataset, seed) if needed else []


def selection_observed(experiment: Experiment, seed: str) -> str | list[str]:
    """Return the observed labels, where models are selected on them."""
    return paths.observed(experiment.dataset, seed) if experiment.selects_on_observed else []


def student_labels(experiment: Experiment, student: str, seed: str, variant: str) -> str:
    """Return the pseudo-labels that a student learns from."""
    name = experiment.students[student].pseudo_labels
    return paths.pseudo_labels(experiment.dataset, name, seed, variant)
