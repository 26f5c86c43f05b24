"""The terms that losses are made of. PyTorch is imported at the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-5  # inside the logarithm of nl


def nl(logits: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return nl(sigmoid(logits)), value and gradient exact in float32 at both ends."""
    probability, rest = torch.sigmoid(logits), torch.sigmoid(-logits)
    return -torch.where(logits > 0, torch.log1p(epsilon - rest), torch.log(probability + epsilon))


def sigmoid(logits: Tensor) -> Tensor:
    """Return f, with a gradient that is exact in float32 at both ends."""
    return torch.where(logits > 0, 1 - torch.sigmoid(-logits), torch.sigmoid(logits))


def mean(entries: Tensor) -> Tensor:
    """Return the mean [...] of entries [..., N, L] over N and L."""
    return entries.mean((-2, -1))


def stop(value: Tensor) -> Tensor:
    """Return the value as a constant: no gradient runs through it."""
    return value.detach()


def cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    """Return t nl(f) + (1 - t) nl(1 - f) per entry."""
    return targets * nl(logits) + (1 - targets) * nl(-logits)


def present_sign(labels: Tensor, logits: Tensor) -> Tensor:
    """Return 1 where present and -1 elsewhere, in the type and on the device of the logits."""
    return torch.where(labels == LossLabel.PRESENT, 1.0, -1.0).to(logits)


def is_known(labels: Tensor) -> Tensor:
    """Return where labels are known to be present or absent, bool."""
    return (labels == LossLabel.PRESENT) | (labels == LossLabel.ABSENT)


def known_entries(logits: Tensor, labels: Tensor) -> Tensor:
    """Return nl(f) where present, nl(1 - f) where known to be absent, 0 elsewhere."""
    return nl(present_sign(labels, logits) * logits) * is_known(labels)


def known_negatives(logits: Tensor, labels: Tensor) -> Tensor:
    """Return nl(1 - f) where known to be absent, 0 elsewhere."""
    return nl(-logits) * (labels == LossLabel.ABSENT)
