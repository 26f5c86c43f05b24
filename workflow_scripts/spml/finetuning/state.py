"""The resume file of one candidate: all that training needs to go on after an epoch, in safetensors.

The file is written after each epoch, whole or not at all. It holds the settings that it belongs to and a checksum of its
content: a file of other settings, or a damaged one, is not used.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.torch
from torch import Tensor

from spml.runtime.files import writing

KEY = "pseudo_multi_labels"  # of the metadata; its value is JSON
Settings = Mapping[str, Any]


class State(NamedTuple):
    """Tensors by name, on the CPU, and a document of plain values."""

    tensors: Mapping[str, Tensor]
    document: Mapping[str, Any]


def write_state(path: str, settings: Settings, state: State) -> None:
    """Write a state that belongs to some settings, plain values; errors as spml.runtime.files.writing."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.tensors.items()}
    names = {value.data_ptr(): name for name, value in tensors.items()}
    tensors = {  # none may share memory
        name: value if names[value.data_ptr()] == name else value.clone() for name, value in tensors.items()
    }
    text = json.dumps({"settings": settings, "document": state.document}, sort_keys=True)
    metadata = {KEY: json.dumps({"content": text, "sha256": _checksum(text, tensors)})}
    with writing(path) as part:
        safetensors.torch.save_file(tensors, part, metadata)


def read_state(path: str, settings: Settings, names: Mapping[str, Tensor]) -> State | None:
    """Return the state in a file, None where there is none to use: the log says why.

    ``names`` are tensors of the names and shapes that the state must have at least.
    """
    if not Path(path).exists():
        return None
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = json.loads(file.metadata()[KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
        text = metadata["content"]
        content = json.loads(text)
        whole = _checksum(text, tensors) == metadata["sha256"]
    except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        _print_refusal(path, f"not readable ({error})")
        return None
    if not whole:
        _print_refusal(path, "damaged")
        return None
    if content["settings"] != json.loads(json.dumps(settings)):
        _print_refusal(path, "of other settings or inputs")
        return None
    for name, wanted in names.items():
        if name not in tensors or tensors[name].shape != wanted.shape:
            _print_refusal(path, f"without a fitting {name}")
            return None
    return State(tensors, content["document"])


def _print_refusal(path: str, reason: str) -> None:
    print(f"{path}: found a state that is {reason}; training begins anew")


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a text and of tensors: their names, types, shapes and bytes."""
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        total.update(f"\n{name} {value.dtype} {list(value.shape)}\n".encode())
        total.update(np.ascontiguousarray(value.numpy()).reshape(-1).view(np.uint8).data)
    return total.hexdigest()
