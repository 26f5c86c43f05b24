"""A student that is left out, since its pseudo-labels teach nothing: a head that tells no picture from another."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spml.artifacts import checkpoints
from spml.training.fitted import FittedModel


def model(
    reason: str, categories: int, width: int, loss: Mapping[str, Any], backbone: Mapping[str, np.ndarray] | None = None
) -> FittedModel:
    """Return the model of a student that is left out, with the ``reason``; every logit is 0.

    ``width`` is the number of what its head takes of an image, features or kernel values. ``backbone`` is the state dict that
    a trained one would have begun with.
    """
    kept = {f"{checkpoints.BACKBONE}{name}": value for name, value in (backbone or {}).items()}
    weights = kept | {
        "output.weight": np.zeros((categories, width), np.float32),
        "output.bias": np.zeros(categories, np.float32),
    }
    description = {"head": "linear", "loss": loss, "candidate": {}, "epoch": 0, "edges": [], "val_map": None}
    return FittedModel(weights, description | {"left_out": reason}, [{"left_out": reason}])
