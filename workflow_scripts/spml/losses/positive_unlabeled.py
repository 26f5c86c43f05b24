"""Losses that take unobserved labels as unlabelled: neither present nor absent.

Source: Yuan et al. 2023, "Positive Label Is All You Need for Multi-Label Classification".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_negatives, sigmoid, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-10  # inside the logarithms


@register(
    "Variational positive-unlabelled loss: observed positives high, the mean over the batch low, by category",
    source="Yuan et al. 2023, without mixup",
    hyperparameters=[
        Hyperparameter(
            "gamma",
            "focusing power of the mean: rare categories weigh less",
            default=0.55,
            minimum=0,
            maximum=20,
            published={"coco2014": 0.55, "voc2012": 0.85},
        ),
        Hyperparameter(
            "alpha",
            "share of the standard deviation over the batch that logits are divided by, above 0",
            default=1,
            above=0,
            maximum=100,
            published={"coco2014": 1, "voc2012": 2},
        ),
    ],
)
def vpu(logits: Tensor, labels: Tensor, gamma: float, alpha: float) -> Tensor:
    """Return the sum over categories of m^gamma log m - mean over observed positives of log f, with 1e-10 in both.

    m is the mean of f over the positives and unobserved labels of the batch; no gradient runs through m^gamma. Logits are
    divided by min(1, alpha · standard deviation over the batch) of their category, without gradient, where that is above 1e-6.
    A known negative adds nl(1 - f), summed over categories, mean over images.
    """
    present = labels == LossLabel.PRESENT
    counted = present | (labels == LossLabel.UNOBSERVED)
    spread = stop(alpha * logits.std(-2, correction=0, keepdim=True))
    sharp = logits / torch.where((spread > 1e-6) & (spread < 1), spread, 1.0)
    number, positives = counted.sum(-2).clamp_min(1), present.sum(-2).clamp_min(1)
    high, low = sigmoid(sharp), sigmoid(-sharp)
    mean_high, mean_low = ((side * counted).sum(-2) / number for side in (high, low))  # m and 1 - m
    marginal = stop(mean_high.pow(gamma)) * _log(mean_high, mean_low) * counted.any(-2)
    observed = (_log(high, low) * present).sum(-2) / positives
    return (marginal - observed).sum(-1) + known_negatives(logits, labels).sum(-1).mean(-1)


def _log(probability: Tensor, rest: Tensor) -> Tensor:
    """Return log(p + 1e-10), exact in float32 at both ends, where ``rest`` is 1 - p."""
    upper = torch.log1p(EPSILON - rest.clamp_max(0.5))
    return torch.where(probability > 0.5, upper, torch.log(probability + EPSILON))
