"""Losses for images of which every label is known, or has a soft target.

Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.losses.assume_negative import SMOOTHING, an, an_ls
from spml.losses.primitives import cross_entropy, mean
from spml.losses.registry import register

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "Binary cross-entropy: full supervision",
    source="Cole et al. 2021, section 3",
    needs="complete labels",
    accepts_soft_targets=True,
)
def bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of nl(f) where present and nl(1 - f) where absent; for a target t, of their mix."""
    if labels.is_floating_point():
        return mean(cross_entropy(labels, logits))
    return an(logits, labels)


@register(
    "Binary cross-entropy with label smoothing",
    source="Cole et al. 2021, section 4",
    hyperparameters=[SMOOTHING],
    needs="complete labels",
    accepts_soft_targets=True,
)
def bce_ls(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Return bce with smoothed targets, ``smoothing`` in full on both sides."""
    if labels.is_floating_point():
        return mean(cross_entropy((1 - smoothing) * labels + smoothing * (1 - labels), logits))
    return an_ls(logits, labels, smoothing)
