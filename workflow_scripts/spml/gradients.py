"""The gradient of a loss by the logits: in closed form for the losses of the paper, by autograd for all others."""

from collections.abc import Callable

import torch
from torch import Tensor

from spml import losses
from spml.losses import EPSILON, IGNORED, InRun


def in_closed_form(loss: InRun) -> bool:
    """Whether the gradient is a formula: no autograd, no state, the same operators whatever the labels are."""
    return loss.loss in CLOSED


def value_and_gradient(loss: InRun, logits: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The losses [C] of a batch and their gradient by the logits [C, B, L]; that by ``loss.learnt`` goes to ``grad``.

    ``labels`` are [B, L], ``rows`` the numbers [B] of these training rows.
    """
    if in_closed_form(loss):
        return CLOSED[loss.loss](logits, labels, **loss.parameters)
    for tensor in loss.learnt.values():
        assert tensor.grad is not None
        tensor.grad.zero_()
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        per_candidate = loss(leaf, labels, rows)
        per_candidate.sum().backward()
    assert leaf.grad is not None
    return per_candidate.detach(), leaf.grad


def _closed(
    logits: Tensor, present: Tensor, absent: Tensor, unobserved: Tensor | None = None, alpha: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Value and gradient of present · nl(f) + absent · nl(1 - f) - unobserved · alpha · entropy(f), the mean of it.

    With p = f and q = 1 - f: nl(p)' = -pq / (p + ε), nl(q)' = pq / (q + ε); the entropy is p nl(p) + q nl(q).
    """
    p, q = torch.sigmoid(logits), torch.sigmoid(-logits)
    p_epsilon, q_epsilon = p + EPSILON, q + EPSILON
    log_p, log_q = p_epsilon.log(), q_epsilon.log()
    slope = p * q
    slope_p, slope_q = slope / p_epsilon, slope / q_epsilon
    scale = 1 / logits.shape[-2:].numel()
    present, absent = present * scale, absent * scale
    value = -(present * log_p).addcmul_(absent, log_q)
    gradient = (absent * slope_q).addcmul_(present, slope_p, value=-1)
    if unobserved is not None:
        weight = unobserved * (alpha * scale)
        value.addcmul_(weight, (p * log_p).addcmul_(q, log_q))
        bend = log_p.sub_(log_q).mul_(slope).addcmul_(p, slope_p).addcmul_(q, slope_q, value=-1)
        gradient.addcmul_(weight, bend)
    return value.sum((-2, -1)), gradient


def _bce(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    if labels.is_floating_point():
        return _closed(logits, labels, 1 - labels)
    present = labels == 1
    return _closed(logits, present, ~present & (labels != IGNORED))


def _em(logits: Tensor, labels: Tensor, alpha: float = 0.1) -> tuple[Tensor, Tensor]:
    return _closed(logits, labels == 1, labels == -1, labels == 0, alpha)


CLOSED: dict[Callable[..., Tensor], Callable[..., tuple[Tensor, Tensor]]] = {
    losses.an: _bce,
    losses.bce: _bce,
    losses.em: _em,
}
