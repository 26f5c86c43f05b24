"""Checkpoints: the weights of one model with its description, in safetensors.

The weights of the head have the names of spml.models.heads. Those of a backbone that was trained, too, have ``backbone.``
before the names of its state dict. What a loss was trained along with the head has ``loss.`` before its name.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from spml.artifacts import records
from spml.runtime.errors import InputError

KEY = "pseudo_multi_labels"  # of the metadata; its value is JSON
BACKBONE, LOSS = "backbone.", "loss."  # before the names of what is no weight of the head
Arrays = dict[str, np.ndarray]


def save(path: str | os.PathLike, weights: Mapping[str, np.ndarray], description: Mapping[str, object]) -> None:
    """Write weights and a description of plain values; those of the head are float32."""
    description = dict(description) | {"artifact": records.name_of(path)}
    metadata = {KEY: json.dumps(description, sort_keys=True)}  # one key: safetensors writes several in any order
    with records.writing(path, "checkpoint") as part:
        safetensors.numpy.save_file(
            {name: np.asarray(weights[name], order="C") for name in sorted(weights)}, part, metadata
        )


def load(path: str | os.PathLike) -> tuple[Arrays, dict[str, Any]]:
    """Read the weights of the head, and the description.

    Raises
    ------
    InputError
        When the file is not such a checkpoint, is damaged or was moved, or a weight is not finite.
    """
    weights, description = _read(path, lambda name: not name.startswith((BACKBONE, LOSS)))
    for name, weight in weights.items():
        if weight.dtype != np.float32:
            raise InputError(f"{path}: {name} is {weight.dtype}, wanted float32; {_advice(path)}")
    return weights, description


def load_all(path: str | os.PathLike) -> tuple[Arrays, dict[str, Any]]:
    """Read all weights under their full names, and the description; errors as ``load``."""
    return _read(path, lambda name: True)


def load_part(path: str | os.PathLike, prefix: str) -> tuple[Arrays, dict[str, Any]]:
    """Read the weights with this prefix, ``BACKBONE`` or ``LOSS``, without it, and the description; errors as ``load``."""
    weights, description = _read(path, lambda name: name.startswith(prefix))
    return {name.removeprefix(prefix): value for name, value in weights.items()}, description


def _read(path: str | os.PathLike, wanted: Callable[[str], bool]) -> tuple[Arrays, dict[str, Any]]:
    record = records.verify(path, "checkpoint")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            weights = {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118  # no dict
        description = json.loads(metadata[KEY])
        artifact = description.pop("artifact")
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(
            f"{path}: not a readable safetensors file ({error}); {records.advice(path, record)}"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: a safetensors file, but no checkpoint of this version of the pipeline; {records.advice(path, record)}"
        ) from error
    records.require_name(path, artifact, records.advice(path, record))
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise InputError(f"{path}: {name} is not finite; {records.advice(path, record)}")
    return weights, description


def _advice(path: str | os.PathLike) -> str:
    return records.advice(path, records.read(path))
