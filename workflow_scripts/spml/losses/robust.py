"""Losses that are robust to wrong negatives among the unobserved labels.

Source: Chen et al. 2024, "Boosting Single Positive Multi-label Classification with Generalized Robust Loss".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_negatives, mean, nl, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

PAIRS = [
    Hyperparameter("w", "two numbers: slope of the mix, at the start and at the end", default=(0, 2), kind="pair"),
    Hyperparameter("b", "two numbers: offset of the mix, at the start and at the end", default=(-2, -2), kind="pair"),
    Hyperparameter(
        "mu", "two numbers: centre of the weight, at the start and at the end", default=(0.5, 0.8), kind="pair"
    ),
    Hyperparameter(
        "sigma",
        "two numbers above 0: width of the weight, at the start and at the end",
        default=(2, 0.5),
        kind="pair",
        above=0,
    ),
]
POWERS = [
    Hyperparameter("q2", "power of the positive part, above 0", default=0.01, above=0, maximum=10),
    Hyperparameter("q3", "power of the negative part, above 0", default=1, above=0, maximum=10),
]


@register(
    "Generalised robust loss: unobserved labels count as a weighted mix of present and absent",
    source="Chen et al. 2024",
    hyperparameters=[*PAIRS, *POWERS],
)
def gr(logits: Tensor, labels: Tensor, w: float, b: float, mu: float, sigma: float, q2: float, q3: float) -> Tensor:
    """Return the mean of nl(f) with 1e-7 where observed present, for the unobserved of a mix weighted by v(f).

    v [k (1 - f^q2) / q2 + (1 - k) (1 - (1 - f)^q3) / q3] with k = sigmoid(w f + b), v = exp(-½ ((f - mu) / sigma)²),
    no gradient through k and v. ``w``, ``b``, ``mu`` and ``sigma`` are the values of one epoch.
    """
    probability = stop(torch.sigmoid(logits))
    k = torch.sigmoid(w * probability + b)
    v = torch.exp(-0.5 * ((probability - mu) / sigma).square())
    mix = k * _power_loss(logits, q2) + (1 - k) * _power_loss(-logits, q3)
    known = nl(logits, 1e-7) * (labels == LossLabel.PRESENT) + known_negatives(logits, labels)
    return mean(known + v * mix * (labels == LossLabel.UNOBSERVED))


def _power_loss(logits: Tensor, q: float) -> Tensor:
    """Return (1 - f^q) / q; its gradient through expm1 is exact only where f^q is not near 0."""
    logarithm = q * torch.nn.functional.logsigmoid(logits)
    return torch.where(logarithm > -0.5, -torch.expm1(logarithm), 1 - torch.exp(logarithm)) / q
