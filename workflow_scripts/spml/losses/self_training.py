"""Losses by which a model learns from its own predictions while it trains.

Source: Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_entries, mean, nl
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "Pseudo-label: the model's own labels of what is unobserved, with a weight that grows over the epochs",
    source="Lee 2013, by entry",
    hyperparameters=[
        Hyperparameter(
            "tau", "probability above which an unobserved label counts as present", default=0.5, above=0, below=1
        ),
        Hyperparameter("alpha", "final weight of the model's own labels", default=3, minimum=0, maximum=100),
        Hyperparameter(
            "warmup", "T1: epochs before they count, fewer than there are epochs", default=4, kind="integer", minimum=0
        ),
        Hyperparameter(
            "ramp",
            "T2 - T1: epochs over which their weight grows to alpha, from 0",
            default=20,
            kind="integer",
            minimum=0,
        ),
        Hyperparameter(
            "assumed",
            "weight of unobserved labels as absent ones, from 0; 0 as published, which needs observed negatives",
            default=1,
            minimum=0,
            maximum=1,
        ),
    ],
)
def pseudo_label(logits: Tensor, labels: Tensor, tau: float, alpha: float, assumed: float) -> Tensor:
    """Return the mean of nl(f) where observed present, of assumed · nl(1 - f) + alpha · H(1[f > tau], f) where unobserved.

    ``alpha`` is the value of one epoch.
    """
    signed = torch.where(torch.sigmoid(logits) > tau, logits, -logits)
    unobserved = labels == LossLabel.UNOBSERVED
    return mean(known_entries(logits, labels) + (assumed * nl(-logits) + alpha * nl(signed)) * unobserved)
