"""What training leaves: the weights of a model, its description and its history, and the files of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spml.artifacts import checkpoints
from spml.training.history import write_history


@dataclass(frozen=True)
class FittedModel:
    """One model.

    Attributes
    ----------
    weights
        Named as in spml.models.heads.
    description
        Head, loss, chosen candidate, edges of the grid and validation mAP, as plain values.
    history
        A row per epoch and candidate, or per penalty.
    """

    weights: Mapping[str, np.ndarray]
    description: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]

    @property
    def val_map(self) -> float:
        """The validation mAP of the chosen candidate, in percent."""
        return self.description["val_map"]


def write_model(
    outputs: Mapping[str, str], model: FittedModel, *, category: Sequence[str], select_on: str, seed: int
) -> None:
    """Write the files ``checkpoint`` and ``history`` of a model."""
    write_history(outputs["history"], model.history)
    description = {"categories": list(category), "seed": seed, "select_on": select_on}
    checkpoints.save(outputs["checkpoint"], model.weights, description | dict(model.description))
