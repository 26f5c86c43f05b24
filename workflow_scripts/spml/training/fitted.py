"""What training leaves: the weights of a model, its description and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


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
