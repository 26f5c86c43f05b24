"""Losses that take unobserved labels as absent.

Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_entries, mean, nl, present_sign
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

SMOOTHING = Hyperparameter("smoothing", "label smoothing, from 0 to below 0.5", default=0.1, minimum=0, below=0.5)


@register(
    "Assume negative: unobserved labels count as absent",
    source="Cole et al. 2021, equation 3",
)
def an(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of nl(f) where observed present, nl(1 - f) everywhere else."""
    return mean(nl(present_sign(labels, logits) * logits) * (labels != LossLabel.IGNORED))


@register(
    "Assume negative with label smoothing",
    source="Cole et al. 2021, section 4",
    hyperparameters=[SMOOTHING],
)
def an_ls(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Return an with smoothed targets, ``smoothing`` in full on both sides; known negatives are not smoothed."""
    sign = present_sign(labels, logits)
    amount = torch.where(labels == LossLabel.ABSENT, 0.0, smoothing).to(logits)
    entries = (1 - amount) * nl(sign * logits) + amount * nl(-sign * logits)
    return mean(entries * (labels != LossLabel.IGNORED))


@register(
    "Weak assume negative: unobserved labels count as absent, with a small weight",
    source="Cole et al. 2021, section 4, after Mac Aodha et al. 2019",
)
def wan(logits: Tensor, labels: Tensor) -> Tensor:
    """Return an with a weight of 1 / (L - 1) for unobserved labels."""
    unobserved = nl(-logits) * (labels == LossLabel.UNOBSERVED) / max(logits.shape[-1] - 1, 1)
    return mean(known_entries(logits, labels) + unobserved)


@register(
    "Squared error: unobserved labels count as absent",
    source="Hoerl and Kennard 1970, of scores with head ridge; Brier 1950, of probabilities with other heads",
    accepts_soft_targets=True,
)
def squares(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of (1 - f)² where observed present, f² everywhere else; for a target t, of (f - t)²."""
    if labels.is_floating_point():
        return mean((logits.sigmoid() - labels).square())
    error = torch.nn.functional.logsigmoid(-present_sign(labels, logits) * logits)  # exact on both sides, and its slope
    return mean((2 * error).exp() * (labels != LossLabel.IGNORED))
