"""Inputs and params of rules/features.smk: backbones, their weights, extraction."""

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
    """Return the options of pretrain_demo_backbone: the number of pictures."""
    return {"singles": experiment.config.demo.singles}


def extraction(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of extract_features for a backbone."""
    entry = experiment.config.backbones[backbone]
    return plain({key: getattr(entry, key) for key in ("architecture", "image_size", "precision", "storage")})
