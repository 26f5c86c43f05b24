import pytest
import torch

from spml.losses import LOSSES, make_loss

LOGITS = torch.tensor([[1.2, -0.7, 0.3], [-2.0, 0.5, 1.5]], dtype=torch.float64)
OBSERVED = torch.tensor([[1, 0, 0], [0, 0, 1]], dtype=torch.int8)
TRUE = torch.tensor([[1, 0, 1], [0, 1, 1]], dtype=torch.int8)


@pytest.mark.parametrize(
    ("name", "parameters", "labels", "wanted"),
    [
        ("an", {}, OBSERVED, 0.470523),
        ("an_ls", {}, OBSERVED, 0.547188),
        ("bce", {}, TRUE, 0.337193),
        ("em", {"alpha": 0.2}, OBSERVED, -0.000741),
        ("em", {"alpha": 0.1}, OBSERVED, 0.038352),
    ],
)
def test_published_form(name, parameters, labels, wanted):
    assert make_loss(name, **parameters)(LOGITS, labels).item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("labels", [OBSERVED, torch.tensor([[1, -1, 0], [0, -1, 1]], dtype=torch.int8)])
def test_gradient_equals_finite_differences(name, labels):
    assert torch.autograd.gradcheck(lambda logits: make_loss(name)(logits, labels), (LOGITS.clone().requires_grad_(),))


@pytest.mark.parametrize("name", LOSSES)
def test_a_stack_gives_each_candidate_its_own_loss(name):
    stack = torch.stack([LOGITS, -LOGITS, 3 * LOGITS])
    alone = [LOSSES[name](logits, OBSERVED) for logits in stack]
    torch.testing.assert_close(LOSSES[name](stack, OBSERVED), torch.stack(alone))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [30.0, -30.0])
def test_large_logits_are_finite_and_as_in_float64(name, size):
    def run(dtype):
        logits = torch.full((2, 3), size, dtype=dtype, requires_grad=True)
        loss = LOSSES[name](logits, OBSERVED)
        (gradient,) = torch.autograd.grad(loss, logits)
        return loss.detach().double(), gradient.double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=0)


def test_bce_leaves_ignored_entries_out():
    ignored = torch.tensor([[1, -1, 1], [0, 1, -1]], dtype=torch.int8)
    logits = LOGITS.clone().requires_grad_()
    LOSSES["bce"](logits, ignored).backward()
    assert (logits.grad == 0).tolist() == (ignored == -1).tolist()


@pytest.mark.parametrize("name", ["an", "an_ls", "em"])
def test_an_observed_negative_weighs_as_a_known_label(name):
    single = torch.tensor([[0.7]], dtype=torch.float64)
    wanted = -torch.log(torch.sigmoid(-single) + 1e-5)
    assert LOSSES[name](single, torch.tensor([[-1]])).item() == pytest.approx(wanted.item(), abs=1e-12)
