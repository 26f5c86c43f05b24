"""Closed forms against autograd on the loss itself."""

import pytest
import torch

from spml.artifacts.codes import LossLabel
from spml.losses import closed_form
from spml.losses.catalog import ACCEPTS_SOFT_TARGETS, LOSSES
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext

CLOSED_FORM = [name for name, loss in LOSSES.items() if loss.function in closed_form.CLOSED_FORM]


def both(name, logits, labels, **parameters):
    """Return losses and gradients in closed form, and by autograd."""
    loss = make_loss(name, parameters, RunContext([1, 2], 1, lambda: []))
    weights = closed_form.label_weights(loss, labels)
    found = closed_form.closed_value_and_gradient(weights, logits)
    leaf = logits.clone().requires_grad_()
    wanted = loss.loss(leaf, labels, **loss.hyperparameters)
    wanted.sum().backward()
    return found, (wanted.detach(), leaf.grad)


def test_the_losses_of_the_paper_are_in_closed_form():
    assert {"bce", "an", "em"} <= set(CLOSED_FORM)


@pytest.mark.parametrize("name", CLOSED_FORM)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("without", [None, -1, 0])
def test_a_closed_form_equals_autograd(name, dtype, without):
    random = torch.Generator().manual_seed(0)
    logits = 6 * torch.randn((2, 30, 7), generator=random, dtype=dtype)
    logits[0, 0], logits[1, 0] = 40, -40  # both ends
    labels = torch.randint(-2, 2, (30, 7), generator=random, dtype=torch.int8)
    assert set(labels.unique().tolist()) == set(LossLabel) - {LossLabel.PSEUDO_PRESENT, LossLabel.PSEUDO_ABSENT}
    if without is not None:
        labels[labels == without] = 1
    found, wanted = both(name, logits, labels, **({"alpha": 0.2, "negative_weight": 0.3} if name == "em" else {}))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6 if dtype == torch.float64 else 1e-3, atol=1e-9)


@pytest.mark.parametrize("name", sorted(set(ACCEPTS_SOFT_TARGETS) & set(CLOSED_FORM)))
def test_a_closed_form_takes_targets(name):
    random = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn((2, 30, 7), generator=random, dtype=torch.float64)
    for one, other in zip(*both(name, logits, torch.rand((30, 7), generator=random)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
