"""Losses that take unobserved labels as absent, but doubt those with the largest losses.

Sources: Kim et al. 2022, "Large Loss Matters in Weakly Supervised Multi-Label Classification"; Kim et al. 2023, "Bridging
the Gap between Model Explanations in Partially Annotated Multi-label Classification".
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import known_negatives, mean, present_sign
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

DELTA = Hyperparameter(
    "delta",
    "percent of all labels, above 0 and up to 100: how much the rejected or corrected share grows each epoch",
    default=0.5,
    above=0,
    maximum=100,
)

BOOST = Hyperparameter(
    "boost",
    "factor of positive cells of the class activation map before they are pooled, from 1, which is off; above 1 for a model "
    "whose backbone is trained (published: 5)",
    default=1,
    minimum=1,
    maximum=1000,
)


@register(
    "Large loss rejection: the largest losses of unobserved labels are dropped",
    source="Kim et al. 2022",
    hyperparameters=[DELTA, BOOST],
)
def ll_r(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Return assume negative without epsilon, the largest losses of unobserved labels dropped.

    ``share`` of N·L, rounded up, is how many; those equal to the smallest of them are dropped, too. ``boost`` belongs to the
    network, which makes the logits.
    """
    large, _ = largest_losses(logits, labels, share)
    return mean(_plain_entries(logits, labels) * ~large)


@register(
    "Large loss correction, temporary: the largest losses of unobserved labels count as present for one batch",
    source="Kim et al. 2022",
    hyperparameters=[dataclasses.replace(DELTA, default=0.2), BOOST],
)
def ll_ct(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Return ll_r, but with what it drops counted as present."""
    large, _ = largest_losses(logits, labels, share)
    return mean(_plain_entries(logits, torch.where(large, LossLabel.PRESENT, labels)))


@register(
    "Large loss correction, permanent: the largest losses of unobserved labels count as present from then on",
    source="Kim et al. 2022",
    hyperparameters=[
        dataclasses.replace(
            DELTA,
            description="percent of all labels, above 0 and up to 100: the share corrected in each batch",
            default=0.1,
        ),
        BOOST,
    ],
    state_bytes=4,
)
def ll_cp(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Return ll_ct of labels that hold all permanent corrections."""
    return ll_ct(logits, labels, share)


def _plain_entries(logits: Tensor, labels: Tensor) -> Tensor:
    """Return binary cross-entropy with logits, unobserved labels as absent; known negatives by nl."""
    counted = (labels == LossLabel.PRESENT) | (labels == LossLabel.UNOBSERVED)
    entries = torch.nn.functional.softplus(-present_sign(labels, logits) * logits) * counted
    return entries + known_negatives(logits, labels)


def largest_losses(logits: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Return where the loss of an unobserved label is at least, and above, the k-th largest of its candidate.

    ``k`` is ``share`` of N·L, rounded up, at most the number of unobserved labels. Both are bool [..., N, L].
    """
    labels = labels.expand_as(logits)
    unobserved = labels == LossLabel.UNOBSERVED
    count = math.ceil(round(share * labels.shape[-2:].numel(), 9))  # 0.1 + 0.2 must not round up
    count = min(count, labels.shape[-2:].numel())
    if count < 1:
        return torch.zeros_like(unobserved), torch.zeros_like(unobserved)
    losses = logits.detach().masked_fill(~unobserved, -torch.inf)  # the loss of a negative grows with its logit
    largest = losses.flatten(-2).topk(count).values
    last = unobserved.sum((-2, -1)).clamp(1, count) - 1
    smallest = largest.gather(-1, last.unsqueeze(-1)).unsqueeze(-1)
    return (losses >= smallest) & unobserved, (losses > smallest) & unobserved
