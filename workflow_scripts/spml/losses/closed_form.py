"""Losses in closed form: value and gradient by the logits without autograd, for losses that are a sum of three parts.

    present · nl(f) + absent · nl(1 - f) - unknown · entropy(f), entropy(f) = f nl(f) + (1 - f) nl(1 - f)

``CLOSED_FORM`` holds the losses whose labels alone determine the three weights of each entry. All others go through autograd.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from spml.artifacts.codes import LossLabel
from spml.losses.assume_negative import an, an_ls, wan
from spml.losses.entropy import em
from spml.losses.full_supervision import bce, bce_ls
from spml.losses.known_labels import iu, iun
from spml.losses.primitives import EPSILON
from spml.losses.training_loss import TrainingLoss


class LabelWeights(NamedTuple):
    """The weights that a loss gives to labels [N, L], each [L, N]; None where all are 0."""

    present: Tensor
    absent: Tensor | None = None
    unknown: Tensor | None = None

    def batch(self, rows: slice) -> "LabelWeights":
        """Return the weights of some of the rows."""
        rest = (part if part is None else part[:, rows] for part in self[1:])
        return LabelWeights(self.present[:, rows], *rest)


def label_weights(loss: TrainingLoss, labels: Tensor) -> LabelWeights | None:
    """Return the weights that a loss gives to labels [N, L]; None for a loss without a closed form."""
    weigh = CLOSED_FORM.get(loss.loss)
    if weigh is None:
        return None
    labels = labels.T.contiguous()
    weights = weigh(labels, **loss.hyperparameters)
    if labels.is_cuda:  # to look at values would wait for the GPU
        return weights
    return LabelWeights(weights.present, *(part if part is not None and part.any() else None for part in weights[1:]))


def closed_value_and_gradient(weights: LabelWeights, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses [C] of a batch and their gradient by the logits [C, B, L].

    With p = f, q = 1 - f and s = pq: nl(p)' = -s / (p + ε), nl(q)' = s / (q + ε),
    entropy' = s (nl(p) - nl(q)) - p s / (p + ε) + q s / (q + ε). Both sides go through each operator together.
    """
    side = torch.stack((logits.mT, -logits.mT)).sigmoid_()  # p and q, [2, C, L, B], as exact as in float32 can be
    p, q = side
    shifted = side + EPSILON
    logarithm = shifted.log()
    slope = p * q
    slopes = slope / shifted
    value = weights.present * logarithm[0]
    gradient = weights.present * slopes[0]
    if weights.absent is not None:
        value.addcmul_(weights.absent, logarithm[1])
        gradient.addcmul_(weights.absent, slopes[1], value=-1)
    if weights.unknown is not None:
        bend, other = logarithm * side
        value.addcmul_(weights.unknown, bend.add_(other), value=-1)
        bend, other = slopes.mul_(side)
        bend.sub_(other).addcmul_(slope, logarithm[0] - logarithm[1])
        gradient.addcmul_(weights.unknown, bend, value=-1)
    scale = -1 / logits.shape[-2:].numel()
    return value.sum((-2, -1)) * scale, gradient.mul_(scale).mT


def value_and_gradient(loss: TrainingLoss, logits: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses [C] of a batch and their gradient by the logits [C, B, L], by autograd.

    ``labels`` are [B, L], ``rows`` the numbers [B] of these training rows. The gradient by each of ``loss.parameters``
    goes to its ``grad``.
    """
    for tensor in loss.parameters.values():
        assert tensor.grad is not None
        tensor.grad.zero_()
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        per_candidate = loss(leaf, labels, rows)
        per_candidate.sum().backward()
    assert leaf.grad is not None
    return per_candidate.detach(), leaf.grad


# Label weights: functions of labels [L, N] and the hyperparameters of the loss


def _known(labels: Tensor) -> LabelWeights:
    return LabelWeights((labels == LossLabel.PRESENT).float(), (labels == LossLabel.ABSENT).float())


def _assumed_absent(labels: Tensor) -> LabelWeights:
    return _smoothed(labels, 0.0)


def _smoothed(labels: Tensor, smoothing: float) -> LabelWeights:
    """Smooth soft targets, or labels with what is unobserved as absent; known negatives are not smoothed."""
    if labels.is_floating_point():
        targets = (1 - smoothing) * labels + smoothing * (1 - labels)
        return LabelWeights(targets, 1 - targets)
    present, unobserved = (labels == LossLabel.PRESENT).float(), (labels == LossLabel.UNOBSERVED).float()
    kept = 1 - smoothing
    absent = smoothing * present + kept * unobserved + (labels == LossLabel.ABSENT)
    return LabelWeights(kept * present + smoothing * unobserved, absent)


def _weakly_absent(labels: Tensor) -> LabelWeights:
    unobserved = (labels == LossLabel.UNOBSERVED) / max(len(labels) - 1, 1)
    return LabelWeights((labels == LossLabel.PRESENT).float(), unobserved + (labels == LossLabel.ABSENT))


def _unknown(labels: Tensor, alpha: float, negative_weight: float) -> LabelWeights:
    absent, unobserved = labels == LossLabel.ABSENT, labels == LossLabel.UNOBSERVED
    return _known(labels)._replace(absent=negative_weight * absent, unknown=alpha * unobserved)


CLOSED_FORM: dict[Callable[..., Tensor], Callable[..., LabelWeights]] = {
    bce: _assumed_absent,
    bce_ls: _smoothed,
    iun: _known,
    iu: _known,
    an: _assumed_absent,
    an_ls: _smoothed,
    wan: _weakly_absent,
    em: _unknown,
}
