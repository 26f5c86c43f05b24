"""Losses that weigh each entry by how wrong the model is about it; unobserved labels count as absent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.large_loss import largest_losses
from spml.losses.primitives import known_negatives, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

MARGIN = Hyperparameter("margin", "shift of the logits of positives, from 0", default=1, minimum=0, maximum=10)


@register(
    "Asymmetric loss: easy entries weigh little, easy negatives least",
    source="Ridnik et al. 2021",
    hyperparameters=[
        Hyperparameter("gamma_negative", "focusing power of negatives", default=4, minimum=0, maximum=20),
        Hyperparameter("gamma_positive", "focusing power of positives", default=1, minimum=0, maximum=20),
        Hyperparameter("clip", "shift of negatives, from 0 to below 1", default=0.05, minimum=0, below=1),
    ],
)
def asl(logits: Tensor, labels: Tensor, gamma_negative: float, gamma_positive: float, clip: float) -> Tensor:
    """Return the sum over images and categories: focal weights without gradient, negatives shifted by ``clip``.

    As in the published code, 1e-8 stands inside the logarithms.
    """
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    # log(f) as logsigmoid, exact at both ends, cut at 1e-8
    log_present = torch.nn.functional.logsigmoid(logits).clamp_min(math.log(1e-8))
    positive = log_present * stop(absent.pow(gamma_positive))
    shifted = (absent + clip).clamp(1e-8, 1)
    # log(1 - f + clip) is log1p(clip - f) where f is small
    log_absent = torch.where(present < 0.5, torch.log1p((clip - present).clamp_max(0)), torch.log(shifted))
    negative = log_absent * stop((present - clip).clamp_min(0).pow(gamma_negative))
    entries = known_negatives(logits, labels) - positive * (labels == LossLabel.PRESENT)
    return (entries - negative * (labels == LossLabel.UNOBSERVED)).sum((-2, -1))


@register(
    "Hill loss: unobserved labels that look present weigh little, since they may be missing labels",
    source="Zhang et al. 2021",
    hyperparameters=[
        MARGIN,
        Hyperparameter("lamb", "λ, height of the hill of negatives, from 1", default=1.5, minimum=1, maximum=10),
        Hyperparameter("gamma", "focusing power of positives", default=2, minimum=0, maximum=20),
    ],
)
def hill(logits: Tensor, labels: Tensor, margin: float, lamb: float, gamma: float) -> Tensor:
    """Return the sum over images and categories; no epsilon, and the gradient runs through all factors.

    -(1 - p)^gamma log p with p = sigmoid(logit - margin) where observed present, (lamb - f) f² where unobserved.
    """
    positive = _focal(logits - margin, gamma)
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    # the same polynomial in 1 - f, where f is so close to 1 that its gradient would cancel
    upper = lamb - 1 + absent * (3 - 2 * lamb + absent * (lamb - 3 + absent))
    negative = torch.where(logits > 0, upper, (lamb - present) * present.square())
    entries = known_negatives(logits, labels) + positive * (labels == LossLabel.PRESENT)
    return (entries + negative * (labels == LossLabel.UNOBSERVED)).sum((-2, -1))


@register(
    "Self-paced loss correction: unobserved labels that the model finds present count as present after the warm-up",
    source="Zhang et al. 2021",
    hyperparameters=[
        MARGIN,
        Hyperparameter("gamma", "focusing power of all entries", default=2, minimum=0, maximum=20),
        Hyperparameter(
            "tau", "probability above which an unobserved label counts as present", default=0.6, above=0, below=1
        ),
        Hyperparameter(
            "warmup",
            "epochs before the first correction, fewer than there are epochs",
            default=1,
            kind="integer",
            minimum=0,
        ),
    ],
)
def splc(logits: Tensor, labels: Tensor, margin: float, gamma: float, tau: float) -> Tensor:
    """Return the sum over images and categories; no epsilon, and the gradient runs through all factors.

    -(1 - p)^gamma log p with p = sigmoid(logit - margin) where observed present, -f^gamma log(1 - f) where unobserved,
    but -(1 - f)^gamma log f where f is above ``tau``. During ``warmup`` its training run passes a ``tau`` of 1.
    """
    present, unobserved = labels == LossLabel.PRESENT, labels == LossLabel.UNOBSERVED
    taken = present | (unobserved & (torch.sigmoid(logits) > tau))
    signed = torch.where(taken, logits - margin * present, -logits)
    entries = _focal(signed, gamma) * (present | unobserved)
    return (entries + known_negatives(logits, labels)).sum((-2, -1))


def _focal(logits: Tensor, gamma: float) -> Tensor:
    """Return -(1 - f)^gamma log f."""
    logsigmoid = torch.nn.functional.logsigmoid
    return -torch.exp(gamma * logsigmoid(-logits)) * logsigmoid(logits)


@register(
    "Class-aware selective loss: frequent categories and likely entries are left out where unobserved",
    source="Ben-Baruch et al. 2022",
    hyperparameters=[
        Hyperparameter("gamma_positive", "focusing power of positives", default=0, minimum=0, maximum=20),
        Hyperparameter("gamma_negative", "focusing power of observed negatives", default=1, minimum=0, maximum=20),
        Hyperparameter("gamma_unobserved", "focusing power of unobserved labels", default=4, minimum=0, maximum=20),
        Hyperparameter(
            "eta",
            "η, probability: a category whose prior is above it is left out where unobserved",
            default=0.5,
            above=0,
            maximum=1,
        ),
        Hyperparameter(
            "likely",
            "K: of a batch, as many of the likeliest unobserved labels per image are left out",
            default=1,
            kind="integer",
            minimum=0,
            maximum=100000,
            published={"coco2014": 5},
        ),
        Hyperparameter(
            "warmup",
            "epochs of assume negative that the priors come from, fewer than there are epochs",
            default=5,
            kind="integer",
            minimum=1,
        ),
    ],
)
def csl(
    logits: Tensor,
    labels: Tensor,
    prior: Tensor,
    gamma_positive: float,
    gamma_negative: float,
    gamma_unobserved: float,
    eta: float,
    likely: int,
) -> Tensor:
    """Return the sum over images and categories, with focal weights without gradient; ``prior`` is [..., L].

    As in the published code, logarithms are cut at 1e-8, and observed negatives have a focal weight of their own. An
    unobserved entry counts unless its category's prior is above ``eta``, or it is among the ``likely`` · N likeliest of
    the unobserved entries.
    """
    likeliest, _ = largest_losses(logits, labels, likely / logits.shape[-1])
    counted = (labels == LossLabel.UNOBSERVED) & (prior.unsqueeze(-2) <= eta) & ~likeliest
    negative = _cut_focal(-logits, gamma_negative) * (labels == LossLabel.ABSENT)
    positive = _cut_focal(logits, gamma_positive) * (labels == LossLabel.PRESENT)
    return (positive + negative + _cut_focal(-logits, gamma_unobserved) * counted).sum((-2, -1))


def _cut_focal(logits: Tensor, gamma: float) -> Tensor:
    """Return -(1 - f)^gamma log f with log f of at least log 1e-8, and no gradient through the power."""
    logarithm = torch.nn.functional.logsigmoid(logits).clamp_min(math.log(1e-8))
    return -logarithm * stop(torch.sigmoid(-logits).pow(gamma))
