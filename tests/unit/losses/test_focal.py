import math

import numpy as np
import pytest
import torch

from loss_examples import GAMMAS, LOGITS, NEGATIVES, OBSERVED, PRIOR, compute
from spml.artifacts.codes import LossLabel
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


def splc_by_its_code(logits, labels, margin=1.0, gamma=2.0, tau=0.6):
    """The published form in NumPy, after the first epoch: unobserved targets become 1, and p and log p follow them."""
    x, z = logits.numpy(), labels.numpy()
    target = (z == 1).astype(float)
    shifted = np.where(target == 1, x - margin, x)
    probability = 1 / (1 + np.exp(-shifted))
    target = np.where(probability > tau, 1, target)
    distance = (1 - probability) * target + probability * (1 - target)
    entries = -(distance**gamma) * (target * np.log(probability) + (1 - target) * np.log(1 - probability))
    return entries[z != -1].sum() - np.log(1 / (1 + np.exp(x)) + 1e-5)[z == -1].sum()


@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES], ids=["positives", "negatives, too"])
@pytest.mark.parametrize("changes", [{}, {"margin": 0.5, "gamma": 3.0, "tau": 0.7}, {"tau": 1.0}])
def test_splc_is_its_published_code(labels, changes):
    logits = torch.cat([LOGITS, 2 * LOGITS])
    labels = labels.repeat(2, 1)
    assert compute("splc", logits, labels, **changes).item() == pytest.approx(
        splc_by_its_code(logits, labels, **changes)
    )


def test_splc_by_hand():
    """Logit 1 observed: p = 1/2, (1/2)² log 2. Logit log 4 unobserved: f = 0.8, (0.2)² log 1.25, before it 0.8² log 5."""
    logits = torch.tensor([[1.0, math.log(4)]], dtype=torch.float64)
    labels = torch.tensor([[1, 0]])
    after, before = (compute("splc", logits, labels, tau=tau).item() for tau in (0.6, 1.0))
    assert after == pytest.approx(0.25 * 0.693147 + 0.04 * 0.223144, abs=1e-6)
    assert before == pytest.approx(0.25 * 0.693147 + 0.64 * 1.609438, abs=1e-6)
    assert LOSSES["splc"].defaults() == {"margin": 1, "gamma": 2, "tau": 0.6, "warmup": 1}


def csl_by_its_code(logits, labels, prior, eta, likely, clipped=1e-8, **gammas):
    """The published form in NumPy: weights of 0 for frequent categories, and for the K·N smallest 1 - f of the unobserved."""
    x, z = logits.numpy(), labels.numpy()
    present, absent = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))
    weight = np.ones(x.shape)
    weight[(z == 0) & (prior.numpy() > eta)] = 0
    unobserved = np.flatnonzero(z == 0)
    weight.flat[unobserved[np.argsort(absent.flat[unobserved])[: likely * len(x)]]] = 0
    own = np.where(z == 1, present, absent)
    gamma = np.select(
        [z == 1, z == -1], [gammas["gamma_positive"], gammas["gamma_negative"]], gammas["gamma_unobserved"]
    )
    return -(weight * (1 - own) ** gamma * np.log(np.maximum(own, clipped)))[z != LossLabel.IGNORED].sum()


@pytest.mark.parametrize("likely", [0, 1, 2])
@pytest.mark.parametrize("eta", [0.5, 0.2, 1.0])
def test_csl_is_its_published_code(likely, eta):
    random = torch.Generator().manual_seed(1)
    logits = 2 * torch.randn((8, 3), generator=random, dtype=torch.float64)
    labels = torch.randint(-2, 2, (8, 3), generator=random)
    changes = {
        "prior": PRIOR,
        "eta": eta,
        "likely": likely,
        "gamma_positive": 2,
        "gamma_negative": 1,
        "gamma_unobserved": 4,
    }
    assert compute("csl", logits, labels, **changes).item() == pytest.approx(csl_by_its_code(logits, labels, **changes))


def test_csl_by_hand():
    """f = 0.2, 0.5, 0.8 and 0.5: observed; frequent, so left out; the likeliest, so left out; 0.5⁴ log 2 remains."""
    logits = torch.tensor([[-math.log(4), 0.0, math.log(4), 0.0]], dtype=torch.float64)
    prior = torch.tensor([0.9, 0.6, 0.1, 0.5], dtype=torch.float64)
    changes = {"prior": prior, "eta": 0.5, "likely": 1}
    found = compute("csl", logits, torch.tensor([[1, 0, 0, 0]]), **changes).item()
    assert found == pytest.approx(1.609438 + 0.0625 * 0.693147, abs=1e-6)
    # an observed negative has its own focal weight: 0.8¹ log 5 instead of nothing
    found = compute("csl", logits, torch.tensor([[1, 0, -1, 0]]), **changes, **{**GAMMAS, "gamma_negative": 1}).item()
    assert found == pytest.approx(1.609438 + 0.8 * 1.609438, abs=1e-6)


def test_csl_has_the_values_of_its_code_on_coco_and_leaves_out_less_elsewhere():
    published = {"gamma_positive": 0, "gamma_negative": 1, "gamma_unobserved": 4, "eta": 0.5, "likely": 5, "warmup": 5}
    assert LOSSES["csl"].defaults("coco2014") == published
    assert LOSSES["csl"].defaults() == published | {"likely": 1}


def test_csl_leaves_out_the_likeliest_of_each_candidate():
    logits = torch.stack([LOGITS, -LOGITS])
    alone = [compute("csl", one, OBSERVED, prior=PRIOR) for one in logits]
    other = torch.stack([PRIOR, 1 - PRIOR])
    assert compute("csl", logits, OBSERVED, prior=other)[0] == alone[0]
    assert compute("csl", logits, OBSERVED, prior=other)[1] != alone[1]


@pytest.mark.parametrize("name", ["hill", "splc", "csl"])
@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES])
def test_both_ends_in_one_batch_are_as_in_float64(name, labels):
    def run(dtype):
        logits = torch.tensor([[30.0, -30, 20], [-20, 30, -30]], dtype=dtype, requires_grad=True)
        changes = {"prior": torch.zeros(3, dtype=dtype), "likely": 0} if name == "csl" else {}
        loss = compute(name, logits, labels, **changes)
        return loss.detach().double(), torch.autograd.grad(loss, logits)[0].double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=1e-37)  # f⁴ log(1 - f) of -30 is no float32
