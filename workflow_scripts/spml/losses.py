"""Losses for partially labelled images: logits and labels in, one loss per candidate out.

Every loss takes ``logits`` [..., N, L] (leading dimensions: stacked candidates) and ``labels`` [N, L], and returns
[...]: the sum of its entries over N and L, divided by N·L. ``nl(x) = -log(x + 1e-5)``, the form used by Cole et al.
2021. 1 - f is computed as sigmoid(-logit), so that large logits lose nothing. Autograd is the contract.

Labels ``observed`` are 1 present, 0 unobserved, -1 observed absent; labels ``y`` are 1 present, 0 absent, -1 ignored.
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

EPSILON = 1e-5
Loss = Callable[[Tensor, Tensor], Tensor]


def _nl(logits: Tensor) -> Tensor:
    """nl(sigmoid(logits)), value and gradient exact in float32 at both ends."""
    probability, rest = torch.sigmoid(logits), torch.sigmoid(-logits)
    return -torch.where(logits > 0, torch.log1p(EPSILON - rest), torch.log(probability + EPSILON))


def _mean(entries: Tensor) -> Tensor:
    return entries.mean((-2, -1))


def bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, full supervision: nl(f) where y = 1, nl(1 - f) where y = 0.

    Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels", section 3.
    """
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    return _mean(_nl(sign * logits) * (labels >= 0))


def an(logits: Tensor, labels: Tensor) -> Tensor:
    """Assume negative: nl(f) where observed present, nl(1 - f) everywhere else.

    Source: Cole et al. 2021, equation 3.
    """
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    return _mean(_nl(sign * logits))


def an_ls(logits: Tensor, labels: Tensor, smoothing: float = 0.1) -> Tensor:
    """Assume negative with label smoothing, ``smoothing`` in full on both sides; observed negatives are not smoothed.

    Source: Cole et al. 2021, section 4.
    """
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    share = torch.where(labels == -1, 0.0, smoothing).to(logits)
    return _mean((1 - share) * _nl(sign * logits) + share * _nl(-sign * logits))


def em(logits: Tensor, labels: Tensor, alpha: float = 0.1) -> Tensor:
    """Entropy maximisation: nl(f) where observed present, -alpha · entropy(f) where unobserved.

    The gradient runs through both factors of the entropy; the loss can be negative.
    Source: Zhou et al. 2022, "Acknowledging the Unknown for Multi-label Learning with Single Positive Labels", section 3.
    """
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    surprise_present, surprise_absent = _nl(logits), _nl(-logits)
    entropy = present * surprise_present + absent * surprise_absent
    known = torch.where(labels == 1, surprise_present, surprise_absent)
    return _mean(torch.where(labels == 0, -alpha * entropy, known))


LOSSES: dict[str, Callable[..., Tensor]] = {"an": an, "an_ls": an_ls, "bce": bce, "em": em}


def make_loss(name: str, **parameters: float) -> Loss:
    """The loss of that name with its hyperparameters set."""
    return functools.partial(LOSSES[name], **parameters)
