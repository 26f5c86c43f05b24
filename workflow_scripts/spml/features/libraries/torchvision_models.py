"""Backbones of torchvision: its classifiers without their last layer."""

import re
from collections.abc import Mapping
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models import vision_transformer

from spml.features import named, weights
from spml.features.libraries import views
from spml.features.libraries.catalog import Built, Remote
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError


def remote(options: Mapping[str, Any]) -> Remote:
    """Return the address of the weights that ``options`` name, torchvision's default ones where they name none."""
    entry = _entry(options)
    match = re.search(r"-([0-9a-f]{8,})[.]pth$", entry.url)  # the name holds the first digits of the checksum
    return Remote(url=entry.url, sha256=match[1] if match else "")


def _entry(options: Mapping[str, Any]) -> Any:
    """Return torchvision's record of the weights; that of its first ones where ``options`` name a file."""
    name, wanted = options["model"], options["weights"]
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise InputError(f"model: found {name!r}, wanted one of torchvision's: {', '.join(known)}")
    versions = torchvision.models.get_model_weights(name)
    if wanted is None:
        return versions.DEFAULT
    if wanted in versions.__members__:
        return versions[wanted]
    if named.is_file(wanted):
        return next(iter(versions))
    raise InputError(
        f"weights: found {wanted!r} for {name}, wanted one of torchvision's, {', '.join(versions.__members__)}, or a "
        f"path that ends in {', '.join(named.ENDINGS)}"
    )


def build(options: Mapping[str, Any], path: str) -> Built:
    """Return the network with the weights in a file, which may have a classifier of any size.

    Raises
    ------
    InputError
        When torchvision has no such model, or the file is no state dict of it.
    """
    entry, name = _entry(options), options["model"]
    views.require_pooled(options, "gives one vector for a picture")
    transforms = entry.transforms()
    size = options["image_size"] or transforms.crop_size[0]
    how = Preprocessing(
        size,
        options["resize"],
        transforms.crop_size[0] / transforms.resize_size[0],
        transforms.interpolation.value,
        options["crops"],
        tuple(transforms.mean),
        tuple(transforms.std),
    )
    state, _ = weights.read(path)
    classifier = _classifier(name)
    weight = state.get(f"{classifier}.weight")
    classes = len(weight) if weight is not None and weight.ndim == 2 else 1000
    model = torchvision.models.get_model(name, weights=None, num_classes=classes, **_sized(name, size))
    if isinstance(model, vision_transformer.VisionTransformer) and "encoder.pos_embedding" in state:
        state = dict(vision_transformer.interpolate_embeddings(size, model.patch_size, state))
    weights.require_fit(model, state, f"torchvision's {name}", path)
    model.load_state_dict(state)
    parent, _, last = classifier.rpartition(".")
    setattr(model.get_submodule(parent), last, nn.Identity())
    return Built(model, how)


def _sized(name: str, size: int) -> dict[str, int]:
    """Return the argument that tells a network its size; only vision transformers are built for one."""
    return {"image_size": size} if name.startswith("vit_") else {}


def _classifier(name: str) -> str:
    """Return the name of the last linear layer."""
    try:
        with torch.device("meta"):
            model = torchvision.models.get_model(name, weights=None)
    except NotImplementedError:  # RegNet reads numbers while it is built
        model = torchvision.models.get_model(name, weights=None)
    layers = [layer for layer, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise InputError(f"model: {name} has no linear layer for a classifier; wanted another, such as resnet50")
    return layers[-1]
