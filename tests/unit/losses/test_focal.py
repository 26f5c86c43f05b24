import math

import pytest
import torch

from loss_examples import LOGITS, NEGATIVES, OBSERVED, compute
from spml.losses.catalog import LOSSES


def hill_by_hand(logits, labels, margin=1.0, lamb=1.5, gamma=2.0):
    total = 0.0
    for logit, label in zip(logits.flatten().tolist(), labels.flatten().tolist(), strict=True):
        f, p = 1 / (1 + math.exp(-logit)), 1 / (1 + math.exp(margin - logit))
        entries = {1: -((1 - p) ** gamma) * math.log(p), 0: (lamb - f) * f**2, -1: -math.log(1 - f + 1e-5)}
        total += entries[label]
    return total


@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES], ids=["positives", "negatives, too"])
@pytest.mark.parametrize("changes", [{}, {"margin": 0.5, "lamb": 2.0, "gamma": 3.0}])
def test_hill_is_what_its_definition_says(labels, changes):
    assert compute("hill", LOGITS, labels, **changes).item() == pytest.approx(hill_by_hand(LOGITS, labels, **changes))


def test_hill_by_its_published_values():
    assert LOSSES["hill"].defaults() == {"margin": 1, "lamb": 1.5, "gamma": 2}
    assert compute("hill", torch.tensor([[1.0, 0.0]]), torch.tensor([[1, 0]])).item() == pytest.approx(
        math.log(2) / 4 + 1 / 4
    )


def test_the_gradient_of_hill_falls_to_nothing_where_a_negative_looks_present():
    logits = torch.linspace(-30, 30, 13, dtype=torch.float64).view(1, -1).requires_grad_()
    compute("hill", logits, torch.zeros(1, 13, dtype=torch.int8)).backward()
    wanted = 3 * (torch.sigmoid(logits) * torch.sigmoid(-logits)).square()
    torch.testing.assert_close(logits.grad, wanted.detach(), rtol=1e-9, atol=0)
