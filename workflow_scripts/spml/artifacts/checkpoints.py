"""Checkpoints: the weights of one head with a description of the model, in safetensors."""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from spml.artifacts import records
from spml.runtime.errors import InputError

KEY = "pseudo_multi_labels"  # of the metadata; its value is JSON


def save(path: str | os.PathLike, weights: Mapping[str, np.ndarray], description: Mapping[str, object]) -> None:
    """Write float32 weights (names as in spml.models.heads) and a description of plain values."""
    description = dict(description) | {"artifact": records.name_of(path)}
    metadata = {KEY: json.dumps(description, sort_keys=True)}  # one key: safetensors writes several in any order
    with records.writing(path, "checkpoint") as part:
        safetensors.numpy.save_file(
            {name: np.ascontiguousarray(weights[name]) for name in sorted(weights)}, part, metadata
        )


def load(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the weights and the description.

    Raises
    ------
    InputError
        When the file is not such a checkpoint, is damaged or was moved, or a weight is not finite.
    """
    record = records.verify(path, "checkpoint")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
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
        if weight.dtype != np.float32 or not np.isfinite(weight).all():
            raise InputError(f"{path}: {name} is not finite float32; {records.advice(path, record)}")
    return weights, description
