"""Files of a backbone's weights: read without pickle's programs, written as safetensors with a description."""

import json
import os
from collections.abc import Mapping
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from spml.runtime.errors import InputError
from spml.runtime.files import writing

KEY = "pseudo_multi_labels"  # of the metadata; its value is JSON
NESTED = (
    "state_dict_ema",
    "model_ema",
    "state_dict",
    "model",
)  # where training scripts keep the weights in their files
State = dict[str, Tensor]


def read(path: str | os.PathLike, device: str = "cpu") -> tuple[State, dict[str, Any]]:
    """Return the state dict in a file of safetensors or of PyTorch, and the description that ``write`` put beside it.

    Raises
    ------
    InputError
        When the file is neither, or would run code.
    """
    if str(path).endswith(".safetensors"):
        try:
            with safetensors.safe_open(path, "pt", device) as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
        except (OSError, safetensors.SafetensorError) as error:
            raise InputError(f"{path}: not a readable safetensors file ({error})") from error
        return state, description(path)
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises a dozen kinds here
        raise InputError(f"{path}: not a readable PyTorch state dict ({str(error).splitlines()[0]})") from error
    if isinstance(content, dict):
        content = next((content[key] for key in NESTED if isinstance(content.get(key), dict)), content)
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{path}: found {type(content).__name__}, wanted a state dict (names to tensors)")
    return {name.removeprefix("module."): value for name, value in content.items()}, {}


def description(path: str | os.PathLike) -> dict[str, Any]:
    """Return the description that ``write`` put beside the weights in a file, without the weights; errors as ``read``."""
    if not str(path).endswith(".safetensors"):
        return {}
    try:
        with safetensors.safe_open(path, "pt") as file:
            return json.loads((file.metadata() or {}).get(KEY, "{}"))
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error


def write(path: str | os.PathLike, state: Mapping[str, Tensor], description: Mapping[str, object]) -> None:
    """Write a state dict as safetensors, with a description of plain values."""
    metadata = {KEY: json.dumps(description, sort_keys=True)}  # one key: safetensors writes several in any order
    copies = {name: state[name].detach().contiguous().clone() for name in sorted(state)}  # none may share memory
    with writing(path) as part:
        safetensors.torch.save_file(copies, part, metadata)


def require_fit(model: nn.Module, state: Mapping[str, Tensor], name: str, path: str | os.PathLike) -> None:
    """Raise InputError unless a state dict has the names and shapes of the model's; ``name`` and ``path`` are for the message."""
    expected = model.state_dict()
    needed = [layer for layer in expected if not layer.endswith("num_batches_tracked")]
    missing = [layer for layer in needed if layer not in state]
    foreign = [layer for layer in state if layer not in expected]
    misshapen = [layer for layer in needed if layer in state and state[layer].shape != expected[layer].shape]
    if missing or foreign or misshapen:
        first = (missing or foreign or misshapen)[0]
        raise InputError(
            f"{path}: these weights do not fit {name}: {len(missing)} layers missing, {len(foreign)} unknown, "
            f"{len(misshapen)} of another shape (the first: {first}); wanted a state dict of {name}"
        )
