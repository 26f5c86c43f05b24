"""Losses that tell observed labels from pseudo-labels: em_pl and gpr, against plain formulas."""

import math

import pytest
import torch

from loss_examples import LOGITS, compute
from spml.artifacts.codes import LossLabel
from spml.losses.catalog import LOSSES, TAKES_BOTH
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext

PRESENT, ABSENT, UNOBSERVED, IGNORED = LossLabel.PRESENT, LossLabel.ABSENT, LossLabel.UNOBSERVED, LossLabel.IGNORED
PSEUDO, PSEUDO_ABSENT = LossLabel.PSEUDO_PRESENT, LossLabel.PSEUDO_ABSENT
BOTH = torch.tensor([[PRESENT, PSEUDO, UNOBSERVED], [PSEUDO_ABSENT, ABSENT, PSEUDO]], dtype=torch.int8)


def entries(logits, labels):
    yield from zip(logits.flatten().tolist(), labels.flatten().tolist(), strict=True)


def nl(x, epsilon=1e-5):
    return -math.log(x + epsilon)


def em_pl_by_hand(logits, labels, alpha=0.1, negative_weight=0.03, weight=0.7, smoothing=0.1):
    total = 0.0
    for logit, label in entries(logits, labels):
        f = 1 / (1 + math.exp(-logit))
        if label == PRESENT:
            total += nl(f)
        elif label == ABSENT:
            total += negative_weight * nl(1 - f)
        elif label == PSEUDO:
            total += weight * ((1 - smoothing) * nl(f) + smoothing * nl(1 - f))
        elif label != IGNORED:
            total -= alpha * (f * nl(f) + (1 - f) * nl(1 - f))
    return total / labels.numel()


def gpr_by_hand(
    logits,
    labels,
    w=2.0,
    b=-2.0,
    mu=0.8,
    sigma=0.5,
    q2=0.01,
    q3=1.0,
    lowest=0.5,
    highest=0.7,
    smoothing=0.1,
    k=1.5,
    regularisation=0.001,
):
    total, expected = 0.0, 0.0
    for logit, label in entries(logits, labels):
        f = 1 / (1 + math.exp(-logit))
        v = math.exp(-(((f - mu) / sigma) ** 2) / 2)
        mix = 1 / (1 + math.exp(-(w * f + b)))
        robust = mix * (1 - f**q2) / q2 + (1 - mix) * (1 - (1 - f) ** q3) / q3
        certain = (1 - smoothing) * nl(f, 1e-7) + smoothing * nl(1 - f, 1e-7)
        total += {
            PRESENT: nl(f, 1e-7),
            ABSENT: nl(1 - f),
            UNOBSERVED: v * robust,
            PSEUDO: min(max(1 - v, lowest), highest) * certain,
            PSEUDO_ABSENT: v * nl(1 - f, 1e-7),
            IGNORED: 0.0,
        }[label]
        expected += f * (label != IGNORED)
    images, categories = labels.shape
    return total / labels.numel() + regularisation * (expected / images - k) ** 2 / categories**2


@pytest.mark.parametrize("changes", [{}, {"alpha": 0.2, "negative_weight": 1, "weight": 0.5, "smoothing": 0.2}])
@pytest.mark.parametrize("scale", [1, -2])
def test_em_pl_is_what_its_definition_says(scale, changes):
    logits = scale * LOGITS
    wanted = em_pl_by_hand(logits, BOTH, **changes)
    assert compute("em_pl", logits, BOTH, **changes).item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    "changes", [{}, {"lowest": 0.0, "highest": 1.0}, {"q3": 1.5, "w": 1.0, "smoothing": 0.3, "regularisation": 0.5}]
)
@pytest.mark.parametrize("scale", [1, -2])
def test_gpr_is_what_its_definition_says(scale, changes):
    logits = scale * LOGITS
    wanted = gpr_by_hand(logits, BOTH, **changes)
    assert compute("gpr", logits, BOTH, **changes).item() == pytest.approx(wanted, abs=1e-9)


def test_without_pseudo_labels_they_are_the_losses_that_they_extend():
    labels = torch.tensor([[PRESENT, UNOBSERVED, UNOBSERVED], [ABSENT, UNOBSERVED, PRESENT]], dtype=torch.int8)
    assert compute("em_pl", LOGITS, labels) == compute("em", LOGITS, labels)
    assert compute("gpr", LOGITS, labels, regularisation=0) == compute("gr", LOGITS, labels)
    as_absent = torch.where(labels == UNOBSERVED, PSEUDO_ABSENT, labels)
    assert compute("em_pl", LOGITS, as_absent) == compute("em", LOGITS, labels)  # as published


@pytest.mark.parametrize("name", TAKES_BOTH)
@pytest.mark.parametrize("size", [30.0, -30.0])
def test_large_logits_are_finite_and_as_in_float64(name, size):
    def run(dtype):
        logits = torch.full((2, 3), size, dtype=dtype, requires_grad=True)
        loss = compute(name, logits, BOTH, **({"k": 1.3, "w": 1.8} if name == "gpr" else {}))
        return loss.detach().double(), torch.autograd.grad(loss, logits)[0].double()

    for narrow, wide in zip(run(torch.float32), run(torch.float64), strict=True):
        assert narrow.isfinite().all()
        torch.testing.assert_close(narrow, wide, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", TAKES_BOTH)
def test_their_gradient_by_a_pseudo_positive_rises_towards_present(name):
    logits = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[PSEUDO, PSEUDO_ABSENT if name == "gpr" else IGNORED]], dtype=torch.int8)
    compute(name, logits, labels, **({"regularisation": 0} if name == "gpr" else {})).backward()
    assert logits.grad[0, 0] < 0 <= logits.grad[0, 1]


def test_the_schedule_of_gpr_is_that_of_gr_and_its_values_those_of_the_publication():
    loss = make_loss("gpr", {"k": 2.9}, RunContext([0], 8, list))
    loss.start_epoch(1)
    first = {name: loss.hyperparameters[name] for name in ("w", "b", "mu", "sigma")}
    assert first == pytest.approx({"w": 0, "b": -2, "mu": 0.5 + 0.3 / 8, "sigma": 2 - 1.5 / 8})
    assert loss.scheduled
    shared = {"mu": (0.5, 0.8), "sigma": (2, 0.5), "q2": 0.01, "smoothing": 0.1}
    shared |= {"w": (0, 10), "b": (-2, -8), "q3": 1, "highest": 0.7, "lowest": 0.5, "regularisation": 0.001}
    assert LOSSES["gpr"].defaults("coco2014") == shared | {"k": 2.9}
    assert LOSSES["gpr"].defaults("csv") == shared | {"k": None}
    voc = {"w": (0, 2), "b": (-2, -2), "lowest": 0.4, "regularisation": 0.05, "k": 1.5}
    assert LOSSES["gpr"].defaults("voc2012") == shared | voc
    cub = {"q3": 1.5, "highest": 0.8, "lowest": 0.2, "regularisation": 0.01, "k": 31.4}
    assert LOSSES["gpr"].defaults("cub") == shared | cub


def test_em_pl_has_the_values_of_the_publication():
    alphas = {source: LOSSES["em_pl"].defaults(source)["alpha"] for source in ("voc2012", "coco2014", "nuswide", "cub")}
    assert alphas == {"voc2012": 0.2, "coco2014": 0.1, "nuswide": 0.1, "cub": 0.01}
    assert LOSSES["em_pl"].defaults() == {"alpha": 0.1, "negative_weight": 0.03, "weight": 0.7, "smoothing": 0.1}
