"""Inputs and params of rules/features.smk: backbones, their weights, extraction, and what ridge regression needs."""

from typing import Any

from plan import backbones, paths, rows, tracking
from plan.backbones import network
from plan.experiment import Experiment, plain
from spml.features.named import FOLDER, MODULES


def backbone_weights(experiment: Experiment, backbone: str) -> str:
    """Return the pretrained state dict of a backbone, also of one that was trained further: it tells what the network is."""
    entry = network(experiment, backbone)
    return paths.weights(backbones.name_of(experiment, backbone)) if entry.fetched else str(entry.weights)


def weights_options(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of fetch_weights: library, model and weights of a backbone."""
    entry = network(experiment, backbone)
    return {"library": entry.library, "model": entry.model, "weights": entry.weights}


def weights_download(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the user's mirror of the weights, if one is named; with ``sha256: null`` no checksum is compared."""
    mirror = network(experiment, backbone).download
    return plain(mirror.model_dump(exclude_unset=True)) if mirror else {}


def extraction(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of extract_features for a backbone.

    Features of one that was trained are stored in float32: they may lie so close together that rounded ones tell images
    apart no more. One that gives logits computes in float32, too.
    """
    entry = network(experiment, backbone)
    keys = ("library", "model", "weights", "image_size", "resize", "crops", "view", "precision", "storage")
    keep_crops = entry.crops != 1 and entry.library == "open_clip"  # a text teacher looks at each
    exact = {"storage": "float32"} if backbones.is_model(backbone) else {}
    exact |= {"precision": "float32"} if backbones.gives_logits(experiment, backbone) else {}
    return plain({key: getattr(entry, key) for key in keys} | exact | {"keep_crops": keep_crops})


def network_size(experiment: Experiment, backbone: str) -> dict[str, int]:
    """Return what the time of a picture depends on, beside the weights: its side (0: as the weights say), crops, GPUs."""
    options = extraction(experiment, backbone)
    crops = 5 if options["crops"] == "grid" else options["crops"]
    return {"side": options["image_size"] or 0, "crops": crops, "gpus": experiment.config.machine.gpus_per_job}


def backbone_code(experiment: Experiment, backbone: str, rule: str) -> list[str]:
    """Return the code of a rule that loads a backbone: its script, and the module of the one library."""
    return tracking.code(rule, MODULES[network(experiment, backbone).library])


def fingerprint_folder(experiment: Experiment, backbone: str) -> str:
    """Return a fingerprint of the folder that a backbone's weights are taken from, if its model names one."""
    name = network(experiment, backbone).model
    return tracking.fingerprint(tracking.files_in(name.removeprefix(FOLDER))) if name.startswith(FOLDER) else ""


def head_input(experiment: Experiment, model: str, part: str) -> str:
    """Return what the head of the model in a folder takes: features of a part, or kernel values in their place."""
    backbone, kernel = backbones.of_model(experiment, model), _kernel(experiment, model)
    if kernel.startswith("rbf"):
        return paths.mapped_features(experiment.dataset, backbone, kernel, part)
    return paths.features(experiment.dataset, backbone, part)


def landmarks(experiment: Experiment, model: str) -> str | list[str]:
    """Return the landmarks of the model in a folder, where it has a kernel."""
    return _landmarks(experiment, backbones.of_model(experiment, model), _kernel(experiment, model))


def decomposition(experiment: Experiment, model: str) -> str | list[str]:
    """Return the eigenvectors that the model in a folder follows from, where it is a ridge regression."""
    kernel = _kernel(experiment, model)
    return paths.decomposition(experiment.dataset, backbones.of_model(experiment, model), kernel) if kernel else []


def _kernel(experiment: Experiment, model: str) -> str:
    return experiment.kernel(experiment.entry_of(model))


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
    models = rows.model_folders(experiment)
    found = {
        (backbones.of_model(experiment, model), kernel) for model in models if (kernel := _kernel(experiment, model))
    }
    return sorted(found)
