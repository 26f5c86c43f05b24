"""Losses that weigh each entry by how wrong the model is about it; unobserved labels count as absent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_negatives, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


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
        Hyperparameter("margin", "shift of the logits of positives, from 0", default=1, minimum=0, maximum=10),
        Hyperparameter("lamb", "λ, height of the hill of negatives, from 1", default=1.5, minimum=1, maximum=10),
        Hyperparameter("gamma", "focusing power of positives", default=2, minimum=0, maximum=20),
    ],
)
def hill(logits: Tensor, labels: Tensor, margin: float, lamb: float, gamma: float) -> Tensor:
    """Return the sum over images and categories; no epsilon, and the gradient runs through all factors.

    -(1 - p)^gamma log p with p = sigmoid(logit - margin) where observed present, (lamb - f) f² where unobserved.
    """
    logsigmoid = torch.nn.functional.logsigmoid
    shifted = logits - margin
    positive = -torch.exp(gamma * logsigmoid(-shifted)) * logsigmoid(shifted)
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    # the same polynomial in 1 - f, where f is so close to 1 that its gradient would cancel
    upper = lamb - 1 + absent * (3 - 2 * lamb + absent * (lamb - 3 + absent))
    negative = torch.where(logits > 0, upper, (lamb - present) * present.square())
    entries = known_negatives(logits, labels) + positive * (labels == LossLabel.PRESENT)
    return (entries + negative * (labels == LossLabel.UNOBSERVED)).sum((-2, -1))
