"""Losses that are robust to wrong negatives among the unobserved labels.

Sources: Chen et al. 2024, "Boosting Single Positive Multi-label Classification with Generalized Robust Loss"; Tran et al.
2025, "More Reliable Pseudo-labels, Better Performance: A Generalized Approach to Single Positive Multi-label Learning".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.expected_positives import K, excess
from spml.losses.primitives import known_negatives, mean, nl, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

CERTAIN = 1e-7  # inside the logarithm of nl, in place of 1e-5

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
    mix = _mix(logits, torch.sigmoid(w * probability + b), q2, q3)
    known = nl(logits, CERTAIN) * (labels == LossLabel.PRESENT) + known_negatives(logits, labels)
    return mean(known + _certainty(probability, mu, sigma) * mix * (labels == LossLabel.UNOBSERVED))


@register(
    "Generalised robust loss with pseudo-labels, weighted by how far the model is from them, and expected positives",
    source="Tran et al. 2025, as in its code",
    hyperparameters=[
        Hyperparameter(
            "w",
            "two numbers: slope of the mix, at the start and at the end",
            default=(0, 10),
            kind="pair",
            published={"voc2012": (0, 2)},
        ),
        Hyperparameter(
            "b",
            "two numbers: offset of the mix, at the start and at the end",
            default=(-2, -8),
            kind="pair",
            published={"voc2012": (-2, -2)},
        ),
        *PAIRS[2:],
        POWERS[0],
        Hyperparameter(
            "q3", "power of the negative part, above 0", default=1, above=0, maximum=10, published={"cub": 1.5}
        ),
        Hyperparameter(
            "lowest",
            "λ2, the smallest weight of a pseudo-positive, from 0",
            default=0.5,
            minimum=0,
            maximum=1,
            published={"voc2012": 0.4, "cub": 0.2},
        ),
        Hyperparameter(
            "highest",
            "λ1, the largest weight of a pseudo-positive, not below the smallest",
            default=0.7,
            minimum=0,
            maximum=1,
            published={"cub": 0.8},
        ),
        Hyperparameter(
            "smoothing", "label smoothing of pseudo-positives, from 0 to below 0.5", default=0.1, minimum=0, below=0.5
        ),
        K,
        Hyperparameter(
            "regularisation",
            "weight of the expected positives, from 0",
            default=0.001,
            minimum=0,
            maximum=1000,
            published={"voc2012": 0.05, "cub": 0.01},
        ),
    ],
    needs="observed and pseudo-labels",
)
def gpr(
    logits: Tensor,
    labels: Tensor,
    w: float,
    b: float,
    mu: float,
    sigma: float,
    q2: float,
    q3: float,
    lowest: float,
    highest: float,
    smoothing: float,
    k: float,
    regularisation: float,
) -> Tensor:
    """Return gr of what has no pseudo-label, plus pseudo-labels by their weights, plus regularisation · R(f) as in epr.

    A pseudo-positive adds (1 - v), between ``lowest`` and ``highest``, times H(1 - smoothing, f). A pseudo-negative adds
    v nl(1 - f). Both, and observed positives, have 1e-7 in nl; no gradient runs through v.
    """
    probability = stop(torch.sigmoid(logits))
    v = _certainty(probability, mu, sigma)
    mix = _mix(logits, torch.sigmoid(w * probability + b), q2, q3)
    present, absent = nl(logits, CERTAIN), nl(-logits, CERTAIN)
    entries = present * (labels == LossLabel.PRESENT) + known_negatives(logits, labels)
    entries = entries + v * mix * (labels == LossLabel.UNOBSERVED) + v * absent * (labels == LossLabel.PSEUDO_ABSENT)
    smoothed = (1 - smoothing) * present + smoothing * absent
    weight = (1 - v).clamp_min(lowest).clamp_max(highest)
    entries = entries + weight * smoothed * (labels == LossLabel.PSEUDO_PRESENT)
    return mean(entries) + regularisation * excess(logits, labels, k)


def _certainty(probability: Tensor, mu: float, sigma: float) -> Tensor:
    """Return v = exp(-½ ((f - mu) / sigma)²)."""
    return torch.exp(-0.5 * ((probability - mu) / sigma).square())


def _mix(logits: Tensor, k: Tensor, q2: float, q3: float) -> Tensor:
    """Return k (1 - f^q2) / q2 + (1 - k) (1 - (1 - f)^q3) / q3."""
    return k * _power_loss(logits, q2) + (1 - k) * _power_loss(-logits, q3)


def _power_loss(logits: Tensor, q: float) -> Tensor:
    """Return (1 - f^q) / q; its gradient through expm1 is exact only where f^q is not near 0."""
    logarithm = q * torch.nn.functional.logsigmoid(logits)
    return torch.where(logarithm > -0.5, -torch.expm1(logarithm), 1 - torch.exp(logarithm)) / q
