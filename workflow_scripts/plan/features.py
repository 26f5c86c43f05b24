"""Inputs and params of rules/features.smk: backbones, their weights, extraction, and what ridge regression needs."""

from typing import Any

from plan import paths, tracking
from plan.experiment import Experiment, plain
from plan.sections import Student, Teacher
from spml.features.named import FOLDER, MODULES


def backbone_weights(experiment: Experiment, backbone: str) -> str:
    """Return the state dict of a backbone."""
    entry = experiment.config.backbones[backbone]
    return paths.weights(backbone) if entry.fetched else str(entry.weights)


def weights_options(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of fetch_weights: library, model and weights of a backbone."""
    entry = experiment.config.backbones[backbone]
    return {"library": entry.library, "model": entry.model, "weights": entry.weights}


def weights_download(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the user's mirror of the weights, if one is named; with ``sha256: null`` no checksum is compared."""
    mirror = experiment.config.backbones[backbone].download
    return plain(mirror.model_dump(exclude_unset=True)) if mirror else {}


def extraction(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of extract_features for a backbone."""
    entry = experiment.config.backbones[backbone]
    keys = ("library", "model", "weights", "image_size", "resize", "crops", "view", "precision", "storage")
    keep_crops = entry.crops != 1 and entry.library == "open_clip"  # a text teacher looks at each
    return plain({key: getattr(entry, key) for key in keys} | {"keep_crops": keep_crops})


def backbone_code(experiment: Experiment, backbone: str, rule: str) -> list[str]:
    """Return the code of a rule that loads a backbone: its script, and the module of the one library."""
    return tracking.code(rule, MODULES[experiment.config.backbones[backbone].library])


def fingerprint_folder(experiment: Experiment, backbone: str) -> str:
    """Return a fingerprint of the folder that a backbone's weights are taken from, if its model names one."""
    name = experiment.config.backbones[backbone].model
    return tracking.fingerprint(tracking.files_in(name.removeprefix(FOLDER))) if name.startswith(FOLDER) else ""


def head_input(experiment: Experiment, entry: Teacher | Student, part: str) -> str:
    """Return what the head of a model takes: features of a part, or kernel values in their place."""
    backbone, kernel = experiment.backbone(entry), experiment.kernel(entry)
    if kernel.startswith("rbf"):
        return paths.mapped_features(experiment.dataset, backbone, kernel, part)
    return paths.features(experiment.dataset, backbone, part)


def landmarks(experiment: Experiment, entry: Teacher | Student) -> str | list[str]:
    """Return the landmarks of a model, where it has a kernel."""
    return _landmarks(experiment, experiment.backbone(entry), experiment.kernel(entry))


def decomposition(experiment: Experiment, entry: Teacher | Student) -> str | list[str]:
    """Return the eigenvectors that a model follows from, where it is a ridge regression."""
    kernel = experiment.kernel(entry)
    return paths.decomposition(experiment.dataset, experiment.backbone(entry), kernel) if kernel else []


def decomposed_features(experiment: Experiment, backbone: str, kernel: str) -> str:
    """Return the features, or kernel values, whose eigenvectors are computed."""
    if kernel.startswith("rbf"):
        return paths.mapped_features(experiment.dataset, backbone, kernel, "train")
    return paths.features(experiment.dataset, backbone, "train")


def decomposed_landmarks(experiment: Experiment, backbone: str, kernel: str) -> str | list[str]:
    """Return the landmarks of the kernel values whose eigenvectors are computed."""
    return _landmarks(experiment, backbone, kernel)


def _landmarks(experiment: Experiment, backbone: str, kernel: str) -> str | list[str]:
    return paths.landmarks(experiment.dataset, backbone, kernel) if kernel.startswith("rbf") else []


def landmark_options(experiment: Experiment, kernel: str) -> dict[str, Any]:
    """Return the options of choose_landmarks: how many there are at most."""
    return {"landmarks": int(kernel.removeprefix("rbf_"))}


def kernels(experiment: Experiment) -> list[tuple[str, str]]:
    """Return backbone and kernel of all ridge regressions, each once."""
    entries = [*experiment.teachers.values(), *experiment.students.values()]
    return sorted({(experiment.backbone(entry), kernel) for entry in entries if (kernel := experiment.kernel(entry))})
