import math

import pytest
import torch

from loss_examples import LOGITS, NEGATIVES, OBSERVED, compute
from spml.losses.catalog import LOSSES
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext


def nl(probability):
    return -math.log(probability + 1e-5)


def test_pseudo_label_by_hand():
    """f = 0.8 observed, 0.8 and 0.2 unobserved: nl(0.8) + [nl(0.2) + 3 nl(0.8)] + [nl(0.8) + 3 nl(0.8)], over 3."""
    logits = torch.tensor([[math.log(4), math.log(4), -math.log(4)]], dtype=torch.float64)
    labels = torch.tensor([[1, 0, 0]])
    found = compute("pseudo_label", logits, labels, tau=0.5, alpha=3, assumed=1).item()
    assert found == pytest.approx((8 * nl(0.8) + nl(0.2)) / 3)
    found = compute("pseudo_label", logits, labels, tau=0.9, alpha=3, assumed=0).item()  # both count as absent
    assert found == pytest.approx((nl(0.8) + 3 * nl(0.2) + 3 * nl(0.8)) / 3)


def test_without_its_own_labels_it_is_a_loss_of_cole_et_al():
    assert compute("pseudo_label", LOGITS, OBSERVED, alpha=0) == pytest.approx(compute("an", LOGITS, OBSERVED).item())
    known = compute("pseudo_label", LOGITS, NEGATIVES, alpha=0, assumed=0).item()
    assert known == pytest.approx(compute("iu", LOGITS, NEGATIVES).item())


def test_the_weight_grows_from_0_at_t1_to_its_value_at_t2():
    """The schedule at t = e - 1: T1 = 2, T2 = 6, so 0, 0, 0, ¼ · 3, ½ · 3, ¾ · 3, 3, 3."""
    run = RunContext([0], 8, lambda: [OBSERVED])
    loss, weights = make_loss("pseudo_label", {"warmup": 2, "ramp": 4}, run), []
    for epoch in range(1, 9):
        loss.start_epoch(epoch)
        weights.append(loss.hyperparameters["alpha"])
    assert weights == pytest.approx([0, 0, 0, 0.75, 1.5, 2.25, 3, 3])
    at_once = make_loss("pseudo_label", {"warmup": 2, "ramp": 0}, run)
    at_once.start_epoch(2)
    assert at_once.hyperparameters["alpha"] == 0
    at_once.start_epoch(3)
    assert at_once.hyperparameters["alpha"] == 3


def test_its_schedule_is_that_of_lee_in_25ths():
    defaults = LOSSES["pseudo_label"].defaults()
    assert (defaults["warmup"], defaults["warmup"] + defaults["ramp"], defaults["alpha"]) == (100 / 25, 600 / 25, 3)


@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES])
def test_both_ends_in_one_batch_are_as_in_float64(labels):
    def run(dtype):
        logits = torch.tensor([[30.0, -30, 20], [-20, 30, -30]], dtype=dtype, requires_grad=True)
        loss = compute("pseudo_label", logits, labels)
        return loss.detach().double(), torch.autograd.grad(loss, logits)[0].double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=0)
