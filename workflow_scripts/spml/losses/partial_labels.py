"""Losses that were made for images of which some labels, or several candidates, are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import is_known, known_negatives, mean, present_sign
from spml.losses.registry import register
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "Partial binary cross-entropy: known labels alone, weighted by how many an image has",
    source="Durand et al. 2019",
    needs="observed negatives",
)
def partial_bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Return g(p) / L times the sum over known labels of softplus(∓logit), mean over images; no epsilon.

    ``p`` is an image's share of known labels and g(p) = 5.45 - 4.45 p. From positives alone it learns that everything
    is present.
    """
    known = is_known(labels)
    weight = 5.45 - 4.45 * known.to(logits).mean(-1, keepdim=True)
    return mean(weight * known * torch.nn.functional.softplus(-present_sign(labels, logits) * logits))


@register(
    "Convex loss for partial labels: the mean logit of the observed positives against all other categories",
    source="Cour et al. 2011",
)
def clpl(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over categories, mean over images; no epsilon.

    softplus(-mean logit of the observed positives) + the sum over the unobserved of softplus(logit).
    """
    softplus = torch.nn.functional.softplus
    candidates = labels == LossLabel.PRESENT
    count = candidates.sum(-1)
    mean_logit = (logits * candidates).sum(-1) / count.clamp_min(1)
    others = softplus(logits) * (labels == LossLabel.UNOBSERVED) + known_negatives(logits, labels)
    return (softplus(-mean_logit) * (count > 0) + others.sum(-1)).mean(-1)
