"""Losses that keep the model undecided about unobserved labels.

Sources: Zhou et al. 2022, "Acknowledging the Unknown for Multi-label Learning with Single Positive Labels"; Xing et al.
2024, "Vision-Language Pseudo-Labels for Single-Positive Multi-Label Learning".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import cross_entropy, is_known, mean, nl
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

ALPHA = Hyperparameter(
    "alpha",
    "weight of the entropy of unobserved labels, above 0",
    default=0.1,
    above=0,
    maximum=10,
    published={"coco2014": 0.1, "voc2012": 0.2, "nuswide": 0.1, "cub": 0.01},
)
NEGATIVE_WEIGHT = Hyperparameter(
    "negative_weight",
    "weight of observed negatives, which have 1 in the other losses, from 0",
    default=0.03,
    minimum=0,
    maximum=10,
)
BETA = Hyperparameter(
    "beta",
    "weight of the soft negatives, above 0",
    default=0.9,
    above=0,
    maximum=10,
    published={"coco2014": 0.9, "voc2012": 0.02, "nuswide": 0.2, "cub": 0.4},
)
THETA = Hyperparameter(
    "theta",
    "share of unobserved labels that become soft negatives, above 0 and up to 1",
    default=0.9,
    above=0,
    maximum=1,
)
WARMUP = Hyperparameter(
    "warmup",
    "epochs before the first soft negatives, fewer than there are epochs",
    default=5,
    kind="integer",
    minimum=1,
    published={"coco2014": 5, "voc2012": 5, "nuswide": 4, "cub": 3},
)


@register(
    "Entropy maximisation: the model stays undecided about unobserved labels",
    source="Zhou et al. 2022, section 3",
    hyperparameters=[ALPHA, NEGATIVE_WEIGHT],
)
def em(logits: Tensor, labels: Tensor, alpha: float, negative_weight: float) -> Tensor:
    """Return the mean of nl(f) where observed present, -alpha · entropy(f) where unobserved, weighted nl(1 - f) where absent.

    The gradient runs through both factors of the entropy; the loss can be negative. Nothing else says absent, so a few
    observed negatives of full weight would outdo all that is unobserved (docs/review.md has the measurement).
    """
    return mean(_em_entries(logits, labels, alpha, negative_weight))


@register(
    "Entropy maximisation with asymmetric pseudo-labels: the least probable unobserved labels become soft negatives",
    source="Zhou et al. 2022",
    hyperparameters=[ALPHA, NEGATIVE_WEIGHT, BETA, THETA, WARMUP],
    state_bytes=32,
)
def em_apl(logits: Tensor, labels: Tensor, soft: Tensor, alpha: float, negative_weight: float, beta: float) -> Tensor:
    """Return em with beta · H(t, f) in place of the entropy where t = ``soft`` [..., N, L] is at least 0.

    ``theta`` and ``warmup`` belong to its training run, which makes the soft negatives.
    """
    entries = torch.where(
        (soft >= 0) & (labels == LossLabel.UNOBSERVED),
        beta * cross_entropy(soft, logits),
        _em_entries(logits, labels, alpha, negative_weight),
    )
    return mean(entries)


@register(
    "Entropy maximisation with pseudo-positives, which count less than observed ones and are smoothed",
    source="Xing et al. 2024, as in its code",
    hyperparameters=[
        ALPHA,
        NEGATIVE_WEIGHT,
        Hyperparameter("weight", "weight of pseudo-positives, from 0", default=0.7, minimum=0, maximum=10),
        Hyperparameter("smoothing", "their label smoothing, from 0 to below 0.5", default=0.1, minimum=0, below=0.5),
    ],
    needs="observed and pseudo-labels",
)
def em_pl(
    logits: Tensor, labels: Tensor, alpha: float, negative_weight: float, weight: float, smoothing: float
) -> Tensor:
    """Return em with weight · H(1 - smoothing, f) in place of the entropy of pseudo-positives.

    A pseudo-label that says absent counts as unobserved, as published.
    """
    unlabelled = torch.where(labels == LossLabel.PSEUDO_ABSENT, LossLabel.UNOBSERVED, labels)
    return mean(
        torch.where(
            labels == LossLabel.PSEUDO_PRESENT,
            weight * ((1 - smoothing) * nl(logits) + smoothing * nl(-logits)),
            _em_entries(logits, unlabelled, alpha, negative_weight),
        )
    )


def _em_entries(logits: Tensor, labels: Tensor, alpha: float, negative_weight: float) -> Tensor:
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    surprise_present, surprise_absent = nl(logits), nl(-logits)
    entropy = present * surprise_present + absent * surprise_absent
    known = torch.where(labels == LossLabel.PRESENT, surprise_present, negative_weight * surprise_absent) * is_known(
        labels
    )
    return torch.where(labels == LossLabel.UNOBSERVED, -alpha * entropy, known)
