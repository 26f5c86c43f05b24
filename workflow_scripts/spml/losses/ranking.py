"""Losses that rank observed positives above unobserved labels.

Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_negatives, sigmoid
from spml.losses.registry import register

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "Pairwise ranking: observed positives above unobserved labels by a margin",
    source="Cole et al. 2021",
)
def pr(logits: Tensor, labels: Tensor) -> Tensor:
    """Return, over N·L, the sum over observed positives and unobserved j of the same image of max(0, 1 - f + f_j)."""
    probability = sigmoid(logits)
    rows, positives = (labels == LossLabel.PRESENT).nonzero(as_tuple=True)
    margins = 1 - probability[..., rows, positives].unsqueeze(-1) + probability[..., rows, :]
    violations = (margins.clamp_min(0) * (labels[rows] == LossLabel.UNOBSERVED)).sum((-2, -1))
    negatives = known_negatives(logits, labels).sum((-2, -1))
    return (violations + negatives) / labels.numel()
