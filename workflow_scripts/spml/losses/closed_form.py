"""Losses in closed form: value and gradient by the logits without autograd, for losses that are a sum of three parts.

    present · nl(f) + absent · nl(1 - f) - unknown · entropy(f), entropy(f) = f nl(f) + (1 - f) nl(1 - f)

A loss is here if its labels alone say the three weights of each entry; all others go through autograd.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from spml.losses import functional
from spml.losses.functional import EPSILON, TrainingLoss


class LabelWeights(NamedTuple):
    """The weights of a loss for labels [N, L], each [L, N]; None where all are 0."""

    present: Tensor
    absent: Tensor | None = None
    unknown: Tensor | None = None

    def batch(self, rows: slice) -> "LabelWeights":
        """Those of some of the rows."""
        rest = (part if part is None else part[:, rows] for part in self[1:])
        return LabelWeights(self.present[:, rows], *rest)


def label_weights(loss: TrainingLoss, labels: Tensor) -> LabelWeights | None:
    """The weights that a loss gives to labels [N, L], None for a loss without a closed form."""
    weigh = CLOSED_FORM.get(loss.loss)
    if weigh is None:
        return None
    labels = labels.T.contiguous()
    found = weigh(labels, **loss.hyperparameters)
    if labels.is_cuda:  # to look at values would wait for the GPU
        return found
    return LabelWeights(found.present, *(part if part is not None and part.any() else None for part in found[1:]))


def closed_value_and_gradient(weights: LabelWeights, logits: Tensor) -> tuple[Tensor, Tensor]:
    """The losses [C] of a batch and their gradient by the logits, both [C, B, L].

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
    """By autograd: the losses [C] of a batch and their gradient by the logits [C, B, L].

    ``labels`` are [B, L], ``rows`` the numbers [B] of these training rows. The gradient by what the loss itself learns
    goes to ``grad`` there.
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


# -- which parts: functions of labels and the loss's hyperparameters


def _known(labels: Tensor) -> LabelWeights:
    return LabelWeights((labels == 1).float(), (labels == -1).float())


def _assumed_absent(labels: Tensor) -> LabelWeights:
    return _smoothed(labels, 0.0)


def _smoothed(labels: Tensor, smoothing: float = 0.1) -> LabelWeights:
    """Targets, or labels with what is unobserved as absent; smoothed but for known negatives."""
    if labels.is_floating_point():
        targets = (1 - smoothing) * labels + smoothing * (1 - labels)
        return LabelWeights(targets, 1 - targets)
    present, absent = (labels == 1).float(), (labels == 0).float()
    kept = 1 - smoothing
    return LabelWeights(kept * present + smoothing * absent, smoothing * present + kept * absent + (labels == -1))


def _weakly_absent(labels: Tensor) -> LabelWeights:
    return LabelWeights((labels == 1).float(), (labels == 0) / max(len(labels) - 1, 1) + (labels == -1))


def _unknown(labels: Tensor, alpha: float = 0.1) -> LabelWeights:
    return _known(labels)._replace(unknown=alpha * (labels == 0))


CLOSED_FORM: dict[Callable[..., Tensor], Callable[..., LabelWeights]] = {
    functional.iu: _known,
    functional.iun: _known,
    functional.an: _assumed_absent,
    functional.an_ls: _smoothed,
    functional.bce: _assumed_absent,
    functional.bce_ls: _smoothed,
    functional.wan: _weakly_absent,
    functional.em: _unknown,
}
