"""Backbones of OpenCLIP: image towers of image-text models, by its names and tags, of the Hugging Face hub, or in a folder."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from spml.features import named, weights
from spml.features.libraries.catalog import Built, Remote
from spml.features.libraries.views import TokenView, require_pooled
from spml.features.named import FOLDER, HUB
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError

NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")  # of the files of weights on the hub
CONFIG = "open_clip_config.json"


def remote(options: Mapping[str, Any]) -> Remote:
    """Return where OpenCLIP keeps the weights of the model and tag that ``options`` name."""
    name, tag = options["model"], options["weights"]
    if name.startswith((HUB, FOLDER)):
        if tag is not None:
            raise InputError(f"weights: found {tag!r} for {name}, which names them; wanted null")
        if name.startswith(FOLDER):
            return Remote(folder=name.removeprefix(FOLDER), names=NAMES, config=CONFIG)
        return Remote(repository=name.removeprefix(HUB), names=NAMES, config=CONFIG)
    entry = _entry(options)
    if not entry:
        known = open_clip.list_pretrained_tags_by_model(name)
        raise InputError(f"weights: found {tag!r} for {name}, wanted one of OpenCLIP's, {', '.join(known)}, or a path")
    if repository := entry.get("hf_hub"):
        repository, file = repository.rsplit("/", 1)
        return Remote(repository=repository, names=(file,) if file else NAMES)
    match = re.search(r"/([0-9a-f]{64})/|-([0-9a-f]{8})[.]pt$", entry["url"])
    return Remote(url=entry["url"], sha256=(match[1] or match[2]) if match else "")


def _entry(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return OpenCLIP's record of a tag; an empty one where ``options`` name none of its tags."""
    name, tag = options["model"], options["weights"]
    if name not in open_clip.list_models():
        raise InputError(f"model: found {name!r}, wanted one of OpenCLIP's: {', '.join(open_clip.list_models())}")
    return open_clip.get_pretrained_cfg(name, tag) if tag and not named.is_file(tag) else {}


def load(options: Mapping[str, Any], path: str) -> nn.Module:
    """Return the whole image-text model, float32 in evaluation mode, with the weights in a file.

    Raises
    ------
    InputError
        When OpenCLIP has no such model, or the file is no state dict of it.
    """
    state, description = weights.read(path)
    config, name = description.get("config"), options["model"]
    if not config and name.startswith((HUB, FOLDER)):
        raise InputError(f"{path}: found no description of {name}; wanted the file that rule fetch_weights makes")
    entry = {} if config else _entry(options)
    with tempfile.TemporaryDirectory() as folder:
        if config:  # the library reads a description from a folder
            Path(folder, CONFIG).write_text(json.dumps(config), encoding="utf-8")
            name = f"{FOLDER}{folder}"
        normalisation = {key: entry[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in entry}
        model = open_clip.create_model(
            name,
            load_weights=False,
            pretrained_text=False,
            force_image_size=options["image_size"],
            force_quick_gelu=bool(entry.get("quick_gelu")),
            force_preprocess_cfg=normalisation or None,
        )
    with tempfile.TemporaryDirectory() as folder:  # load_checkpoint translates and interpolates, and takes a path
        file = Path(folder, "weights.safetensors")
        weights.write(file, state, {})
        try:
            open_clip.load_checkpoint(model, str(file))
        except (RuntimeError, KeyError, ValueError) as error:
            weights.require_fit(model, state, f"OpenCLIP's {options['model']}", path)
            first = str(error).splitlines()[0]
            raise InputError(f"{path}: these weights do not fit OpenCLIP's {options['model']} ({first})") from error
    return model.eval().requires_grad_(False)


def build(options: Mapping[str, Any], path: str) -> Built:
    """Return the image tower with the weights in a file; errors as ``load``."""
    model = load(options, path)
    read = open_clip.get_model_preprocess_cfg(model)
    size = read["size"] if isinstance(read["size"], int) else read["size"][0]
    how = Preprocessing(
        size,
        options["resize"],
        1.0,
        read["interpolation"],
        options["crops"],
        tuple(read["mean"]),
        tuple(read["std"]),
    )
    return Built(_viewed(model.visual, options), how)


class _Tokens(nn.Module):
    """The last tokens [B, T, C] of OpenCLIP's own vision transformer, normalised, the class token first."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, pictures: Tensor) -> Tensor:
        found = self.tower.forward_intermediates(  # type: ignore[operator]
            pictures,
            indices=1,
            normalize_intermediates=True,
            intermediates_only=True,
            output_fmt="NLC",
            output_extra_tokens=True,
        )
        return torch.cat([found["image_intermediates_prefix"][-1], found["image_intermediates"][-1]], 1)


def _viewed(tower: Any, options: Mapping[str, Any]) -> nn.Module:
    """Return the image tower with the view that ``options`` name; pooled is what is compared with texts."""
    if options["view"] == "pooled":
        return tower
    if not isinstance(tower, open_clip.transformer.VisionTransformer):
        require_pooled(options, "has a tower whose tokens OpenCLIP does not give")
    return TokenView(_Tokens(tower), options["view"], 1)
