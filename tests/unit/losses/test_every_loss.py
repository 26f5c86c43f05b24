"""What holds for every loss: published values, gradients, stacks, large logits, ignored entries, known negatives."""

import math

import pytest
import torch

from loss_examples import ARGUMENTS, ESTIMATES, LOGITS, NEGATIVES, OBSERVED, TRUE, TRUE_NEGATIVES, compute
from spml.artifacts.codes import LossLabel
from spml.losses.catalog import FAMILIES, LOSSES

IGNORED = LossLabel.IGNORED
WEIGHTED = ("em", "em_apl", "em_pl")  # that give observed negatives a weight of their own


@pytest.mark.parametrize(
    ("name", "parameters", "labels", "wanted"),
    [
        ("an", {}, OBSERVED, 0.470523),
        ("an_ls", {}, OBSERVED, 0.547188),
        ("wan", {}, OBSERVED, 0.273984),
        ("epr", {}, OBSERVED, 0.078966),
        ("pr", {}, OBSERVED, 0.412620),
        ("bce", {}, TRUE, 0.337193),
        ("bce_ls", {}, TRUE, 0.440523),
        ("bce", {}, TRUE.double(), 0.337193),
        ("bce_ls", {}, TRUE.double(), 0.440523),
        ("squares", {}, OBSERVED, 0.154768),
        ("squares", {}, OBSERVED.double(), 0.154768),
        ("iun", {}, TRUE_NEGATIVES, 0.165793),
        ("iu", {}, NEGATIVES, 0.306982),
        ("role", {}, OBSERVED, 0.684813),
        ("em", {"alpha": 0.2}, OBSERVED, -0.000741),
        ("em", {"alpha": 0.1}, OBSERVED, 0.038352),
        ("em_apl", {}, OBSERVED, 0.156144),
        ("ll_r", {}, OBSERVED, 0.165802),
        ("ll_ct", {}, OBSERVED, 0.337207),
        ("gr", {}, OBSERVED, 0.332733),
        ("asl", {}, OBSERVED, 0.247255),
    ],
)
def test_published_form(name, parameters, labels, wanted):
    assert compute(name, LOGITS, labels, **parameters).item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES], ids=["positives", "negatives, too"])
def test_gradient_equals_finite_differences(name, labels, monkeypatch):
    """What the gradient stops at is held at its first value, as if it were a constant."""
    stopped, calls = [], []

    def stop(value):
        calls.append(value)
        if len(calls) > len(stopped):
            stopped.append(value.detach().clone())
        return stopped[len(calls) - 1]

    def loss(logits, estimates):
        calls.clear()
        changes = {"estimates": estimates} if name == "role" else {}
        return compute(name, logits, labels, **changes)

    for family in FAMILIES:
        if hasattr(family, "stop"):
            monkeypatch.setattr(family, "stop", stop)
    inputs = (LOGITS.clone().requires_grad_(), ESTIMATES.clone().requires_grad_())
    if name in ("ll_r", "ll_ct", "ll_cp"):  # the choice of the largest is piecewise constant
        assert torch.autograd.gradcheck(lambda logits: loss(logits, None), inputs[:1], eps=1e-7)
    else:
        assert torch.autograd.gradcheck(loss, inputs)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES, torch.where(OBSERVED == 0, IGNORED, OBSERVED)])
def test_a_stack_gives_each_candidate_its_own_loss(name, labels):
    stack = torch.stack([LOGITS, -LOGITS, 3 * LOGITS])
    alone = [compute(name, logits, labels) for logits in stack]
    torch.testing.assert_close(compute(name, stack, labels), torch.stack(alone))
    torch.testing.assert_close(compute(name, stack.unsqueeze(1), labels).squeeze(1), torch.stack(alone))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [30.0, -30.0])
@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES])
def test_large_logits_are_finite_and_as_in_float64(name, size, labels):
    def run(dtype):
        logits = torch.full((2, 3), size, dtype=dtype, requires_grad=True)
        changes = {key: value.to(dtype) for key, value in ARGUMENTS.get(name, {}).items() if torch.is_tensor(value)}
        # other values than above, with which the parts of a gradient cancel at 30
        changes |= {"k": 1.3} if name in ("epr", "role") else {"w": 1.8} if name in ("gr", "gpr") else {}
        loss = compute(name, logits, labels, **changes)
        (gradient,) = torch.autograd.grad(loss, logits)
        return loss.detach().double(), gradient.double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_ignored_entries_are_out_of_the_loss(name):
    labels = torch.tensor([[1, IGNORED, -1], [0, 1, IGNORED]], dtype=torch.int8)
    logits = LOGITS.clone().requires_grad_()
    compute(name, logits, labels).backward()
    assert (logits.grad[labels == IGNORED] == 0).all()
    assert logits.grad[1, 1] != 0


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"role", "epr", "gpr", "partial_bce", "csl", "squares"}))
def test_a_known_negative_adds_its_loss_with_weight_one(name):
    """nl(1 - f) as it is where the loss is a sum over categories, over N·L where it is a mean."""

    def loss(*labels):
        logits = torch.tensor([[-0.4, 0.7][: len(labels)]], dtype=torch.float64)
        states = {
            "em_apl": ["soft"],
            "expected_negatives": ["running"],
            "spatial_consistency": ["running", "distances"],
        }
        changes = {state: torch.full((1, len(labels)), -1.0) for state in states.get(name, [])}
        changes |= {"negative_weight": 1} if name in WEIGHTED else {}
        return compute(name, logits, torch.tensor([labels]), **changes).item()

    wanted = -math.log(1 / (1 + math.exp(-0.4)) + 1e-5)
    assert loss(LossLabel.ABSENT) == pytest.approx(wanted, abs=1e-9)
    added = loss(LossLabel.ABSENT, LossLabel.PRESENT) - loss(IGNORED, LossLabel.PRESENT)
    assert added in (pytest.approx(wanted, abs=1e-9), pytest.approx(wanted / 2, abs=1e-9))


@pytest.mark.parametrize("name", WEIGHTED)
def test_observed_negatives_have_a_weight_of_their_own(name):
    changes = {"soft": torch.full((1, 1), -1.0)} if name == "em_apl" else {}
    logits, absent = torch.tensor([[0.7]], dtype=torch.float64), torch.tensor([[LossLabel.ABSENT]])
    found = [compute(name, logits, absent, negative_weight=weight, **changes).item() for weight in (0, 0.03, 1)]
    wanted = -math.log(1 / (1 + math.exp(0.7)) + 1e-5)
    assert found == pytest.approx([0, 0.03 * wanted, wanted])
    assert LOSSES[name].defaults()["negative_weight"] == 0.03
