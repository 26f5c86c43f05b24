"""A student that is left out, since its pseudo-labels teach nothing: a head that tells no picture from another."""

from collections.abc import Sequence

import numpy as np

from spml.artifacts import checkpoints, features
from spml.training.history import write_history


def write(
    reason: str,
    stored: str,
    category: Sequence[str],
    *,
    loss: dict[str, object],
    select_on: str,
    seed: int,
    checkpoint: str,
    history: str,
) -> None:
    """Write checkpoint and history of a student that is left out, with the ``reason``; every logit is 0.

    ``stored`` is the path of what its head takes of the training part, features or kernel values.
    """
    with features.reading(stored) as file:
        width = file.width
    weights = {
        "output.weight": np.zeros((len(category), width), np.float32),
        "output.bias": np.zeros(len(category), np.float32),
    }
    description = {
        "categories": list(category),
        "head": "linear",
        "loss": loss,
        "candidate": {},
        "epoch": 0,
        "edges": [],
    }
    checkpoints.save(
        checkpoint, weights, description | {"val_map": None, "select_on": select_on, "seed": seed, "left_out": reason}
    )
    write_history(history, [{"left_out": reason}])
