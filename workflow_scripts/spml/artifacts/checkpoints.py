"""Checkpoints: the weights of one head with a description of the model, in safetensors."""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from spml.runtime.errors import InputError
from spml.runtime.files import writing

KEY = "pseudo_multi_labels"  # of the metadata; its value is JSON
ADVICE = "delete it, rule train_teacher or train_student makes it again in the next run"


def save(path: str | os.PathLike, weights: Mapping[str, np.ndarray], description: Mapping[str, object]) -> None:
    """Write float32 weights (names as in spml.models.heads) and a description of plain values."""
    metadata = {KEY: json.dumps(description, sort_keys=True)}  # one key: safetensors writes several in any order
    with writing(path) as part:
        safetensors.numpy.save_file(
            {name: np.ascontiguousarray(weights[name]) for name in sorted(weights)}, part, metadata
        )


def load(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the weights and the description.

    Raises
    ------
    InputError
        When the file is not such a checkpoint.
    """
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = dict(file.metadata() or {})
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error}); {ADVICE}") from error
    if KEY not in metadata:
        raise InputError(f"{path}: a safetensors file, but no checkpoint of this pipeline; {ADVICE}")
    return weights, json.loads(metadata[KEY])
