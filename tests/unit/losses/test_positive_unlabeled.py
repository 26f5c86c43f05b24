import math

import numpy as np
import pytest
import torch

from loss_examples import LOGITS, NEGATIVES, OBSERVED, compute
from spml.artifacts.codes import LossLabel
from spml.losses.catalog import LOSSES


def vpu_by_its_code(logits, labels, gamma, alpha):
    """The published form in NumPy, by category, for positives and unobserved labels; it adds 1e-10 twice."""
    x, positive = logits.numpy(), labels.numpy() == 1
    spread = np.minimum(alpha * x.std(0), 1)
    probability = 1 / (1 + np.exp(-x / spread))
    logarithm = np.log(probability + 1e-10)
    weight = (1 - (1 - probability).mean(0)) ** gamma
    unlabelled = (np.log(np.exp(logarithm).mean(0) + 1e-10) * weight).sum()
    number = positive.sum(0)
    shares = np.divide(1, number, out=np.zeros(len(number)), where=number > 0)
    return unlabelled - (np.log(np.exp(logarithm * positive) + 1e-10) * shares).sum()


@pytest.mark.parametrize(("gamma", "alpha"), [(0.55, 1.0), (0.85, 2.0), (2.0, 0.3)])
def test_vpu_is_its_published_code(gamma, alpha):
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn((9, 4), generator=random, dtype=torch.float64)
    labels = (torch.rand((9, 4), generator=random) < 0.3).to(torch.int8)
    labels[:, 3] = 0  # a category without a positive
    found = compute("vpu", logits, labels, gamma=gamma, alpha=alpha).item()
    assert found == pytest.approx(vpu_by_its_code(logits, labels, gamma, alpha), rel=1e-6)


def test_vpu_by_hand():
    """f = 0.8 and 0.2, spread log 4 > 1: m = 1/2, so (1/2)^γ log(1/2) - log 0.8."""
    logits = torch.tensor([[math.log(4)], [-math.log(4)]], dtype=torch.float64)
    found = compute("vpu", logits, torch.tensor([[1], [0]]), gamma=2, alpha=1).item()
    assert found == pytest.approx(0.25 * -0.693147 + 0.223144, abs=1e-6)
    # halved, the spread is log 2: logits are divided by it, f = sigmoid(1) and sigmoid(-1), and m stays 1/2
    found = compute("vpu", logits / 2, torch.tensor([[1], [0]]), gamma=2, alpha=1).item()
    assert found == pytest.approx(0.25 * -0.693147 + math.log1p(math.exp(-1)), abs=1e-6)
    assert [LOSSES["vpu"].defaults(source) for source in ("coco2014", "voc2012")] == [
        {"gamma": 0.55, "alpha": 1},
        {"gamma": 0.85, "alpha": 2},
    ]


def test_negatives_and_ignored_entries_are_not_of_the_mean():
    column = torch.tensor([[1.0], [-2.0], [0.5], [3.0]], dtype=torch.float64)
    labels = torch.tensor([[1], [0], [LossLabel.ABSENT], [LossLabel.IGNORED]])
    few = compute("vpu", column[:2], labels[:2], alpha=100).item()  # with this alpha no logit is divided
    added = -math.log(1 / (1 + math.exp(0.5)) + 1e-5) / 4
    assert compute("vpu", column, labels, alpha=100).item() == pytest.approx(few + added)


@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES])
@pytest.mark.parametrize("sign", [1, -1])
def test_both_ends_in_one_batch_are_as_in_float64(labels, sign):
    def run(dtype):
        logits = sign * torch.tensor([[30.0, -30, 20], [-20, 30, 30]], dtype=dtype)
        loss = compute("vpu", logits.requires_grad_(), labels)
        return loss.detach().double(), torch.autograd.grad(loss, logits)[0].double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=0)


def test_a_batch_of_one_image_has_no_spread_to_divide_by():
    assert compute("vpu", LOGITS[:1], OBSERVED[:1]).isfinite()
