import math

import numpy as np
import pytest
import torch
import yaml

import tiny
from spml.losses import functional, targets
from spml.losses.functional import (
    ACCEPTS_SOFT_TARGETS,
    IGNORED,
    LOSSES,
    NEEDS_NEGATIVES,
    STATEFUL,
    RunContext,
    make_loss,
)
from spml.runtime.errors import InputError

LOGITS = torch.tensor([[1.2, -0.7, 0.3], [-2.0, 0.5, 1.5]], dtype=torch.float64)
OBSERVED = torch.tensor([[1, 0, 0], [0, 0, 1]], dtype=torch.int8)
TRUE = torch.tensor([[1, 0, 1], [0, 1, 1]], dtype=torch.int8)
NEGATIVES = torch.tensor([[1, -1, 0], [0, -1, 1]], dtype=torch.int8)
TRUE_NEGATIVES = torch.where(TRUE == 0, -1, OBSERVED)
ESTIMATES = torch.tensor([[2, -0.3, 0.4], [-0.4, 0.1, 2.5]], dtype=torch.float64)
SOFT_NEGATIVES = torch.tensor([[-1, 0.12, -1], [0.03, -1, -1]], dtype=torch.float64)
ARGUMENTS = {  # what a loss needs besides logits and labels
    "epr": {"k": 1.5},
    "role": {"k": 1.5, "estimates": ESTIMATES},
    "em_apl": {"soft": SOFT_NEGATIVES},
    "ll_r": {"share": 0.2},
    "ll_ct": {"share": 0.2},
    "ll_cp": {"share": 0.2},
    "gr": {"w": 2, "b": -2, "mu": 0.8, "sigma": 0.5},
}


def compute(name, logits, labels, **changes):
    return LOSSES[name](logits, labels, **(ARGUMENTS.get(name, {}) | changes))


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


def test_partial_bce_by_hand():
    known = [
        math.log1p(math.exp(-1.2)),
        math.log1p(math.exp(-0.7)),
        math.log1p(math.exp(0.5)),
        math.log1p(math.exp(-1.5)),
    ]
    weight = 5.45 - 4.45 * 2 / 3
    assert compute("partial_bce", LOGITS, NEGATIVES).item() == pytest.approx(weight * sum(known) / 3 / 2)


def test_clpl_with_one_candidate_is_assume_negative_without_epsilon_summed_over_categories():
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, OBSERVED.double()) * 3
    assert compute("clpl", LOGITS, OBSERVED).item() == pytest.approx(wanted.item())


def test_clpl_with_several_candidates_takes_the_mean_of_their_logits():
    one = torch.tensor([[1.0, 3.0, -1.0]], dtype=torch.float64)
    wanted = math.log1p(math.exp(-2.0)) + math.log1p(math.exp(-1.0))
    assert compute("clpl", one, torch.tensor([[1, 1, 0]])).item() == pytest.approx(wanted)


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

    monkeypatch.setattr(functional, "_stop", stop)
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
        changes |= {"k": 1.3} if name in ("epr", "role") else {"w": 1.8} if name == "gr" else {}
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


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"role", "epr", "partial_bce"}))
def test_an_observed_negative_weighs_as_a_known_label(name):
    """Beside what the other entries add: nl(1 - f) over N·L, not divided where the loss is a sum."""
    logits = torch.tensor([[0.7, -0.4]], dtype=torch.float64)
    changes = {"soft": torch.full((1, 2), -1.0)} if name == "em_apl" else {}

    def loss(last):
        return compute(name, logits, torch.tensor([[1, last]]), **changes).item()

    wanted = -math.log(1 / (1 + math.exp(-0.4)) + 1e-5)
    scale = 1 if name in ("asl", "clpl") else 2
    assert loss(-1) - loss(IGNORED) == pytest.approx(wanted / scale, abs=1e-9)


@pytest.mark.parametrize("labels", [torch.tensor([[0, 0, 1]]), torch.tensor([[1, 1, 0]])])
def test_pairwise_ranking_is_what_its_definition_says(labels):
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = labels.repeat(4, 1)
    f, total = torch.sigmoid(logits), 0.0
    for n in range(4):
        for i in range(3):
            for j in range(3):
                if labels[n, i] == 1 and labels[n, j] == 0:
                    total += max(0.0, 1 - f[n, i].item() + f[n, j].item())
    assert compute("pr", logits, labels).item() == pytest.approx(total / 12)


def test_never_more_than_the_unobserved_are_large():
    known = torch.tensor([[1, -1, 0], [1, 1, 1]], dtype=torch.int8)
    for name in ("ll_r", "ll_ct"):
        one, all_of_them = (compute(name, LOGITS, known, share=share) for share in (1 / 6, 50.0))
        assert one.item() == pytest.approx(all_of_them.item())
    assert compute("ll_r", LOGITS, OBSERVED, share=0.0).item() == pytest.approx(
        torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, OBSERVED.double()).item()
    )


def test_equal_losses_at_the_limit_are_all_dropped():
    logits = torch.tensor([[2.0, 1.0, 1.0, -3.0]], dtype=torch.float64)
    labels = torch.zeros(1, 4, dtype=torch.int8)
    assert compute("ll_r", logits, labels, share=0.5).item() == pytest.approx(math.log1p(math.exp(-3.0)) / 4)


# -- in a training run

ROWS = torch.arange(4)
LABELS = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]], dtype=torch.int8)
STATE_PARAMETERS = {
    "role": {"k": 1.0},
    "em_apl": {"alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 2},
    "ll_r": {"delta": 10},
    "ll_ct": {"delta": 10},
    "ll_cp": {"delta": 10},
    "gr": {"w": [0, 2], "b": [-2, -2], "mu": [0.5, 0.8], "sigma": [2, 0.5], "q2": 0.01, "q3": 1},
    "epr": {"k": 1.0},
}


def in_run(name, candidates=2, epochs=5, labels=LABELS):
    run = RunContext(list(range(candidates)), epochs, lambda: labels.split(3))
    return make_loss(name, STATE_PARAMETERS.get(name, {}), run)


def test_estimates_of_role_begin_where_published():
    loss = in_run("role")
    estimates = torch.sigmoid(loss.parameters["estimates"])
    assert estimates.shape == (2, 4, 3) and loss.rate == 10
    torch.testing.assert_close(estimates[:, LABELS == 1], torch.full((2, 3), 0.995))
    torch.testing.assert_close(estimates[:, LABELS == -1], torch.full((2, 1), 0.005))
    unobserved = estimates[:, LABELS == 0]
    assert unobserved.min() > 0.4 and unobserved.max() < 0.6 and unobserved.std() > 0.01
    assert not torch.equal(unobserved[0], unobserved[1])


def test_soft_negatives_are_the_least_probable_of_each_category_and_stay():
    loss = in_run("em_apl", candidates=1)
    logits = torch.arange(12.0).view(1, 4, 3) / 4 - 2  # rises from row to row
    loss.end_epoch(1, lambda: iter(logits.split(3, dim=1)))
    assert (loss.soft == -1).all()  # the warm-up
    per_epoch = [int(0.9 * unobserved / 3) for unobserved in (3, 3, 2)]
    assert per_epoch == loss.per_epoch.tolist() == [0, 0, 0]
    loss.per_epoch = torch.tensor([1, 1, 2])
    loss.end_epoch(2, lambda: iter(logits.split(3, dim=1)))
    first = loss.soft.clone()
    assert (first >= 0).nonzero().tolist() == [[0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 2]]
    torch.testing.assert_close(first[first >= 0], torch.sigmoid(logits)[first >= 0])
    loss.end_epoch(3, lambda: iter(-logits.split(4, dim=1)[0].unsqueeze(0)))
    assert torch.equal(loss.soft[first >= 0], first[first >= 0])  # never taken back
    assert (loss.soft >= 0).sum() == 6 and (loss.soft[0, 3] < 0).tolist() == [False, False, True]


def test_soft_negatives_reach_the_share_that_is_asked_for():
    labels = torch.zeros(100, 2, dtype=torch.int8)
    loss = in_run("em_apl", candidates=1, epochs=12, labels=labels)
    logits = torch.randn(1, 100, 2)
    for epoch in range(1, 13):
        loss.end_epoch(epoch, lambda: iter([logits]))
    assert (loss.soft >= 0).sum(1).tolist() == [[90, 90]]


def test_the_rejected_share_grows_from_none():
    loss, shares = in_run("ll_r"), []
    for epoch in (1, 2, 3):
        loss.start_epoch(epoch)
        shares.append(loss.hyperparameters["share"])
    assert shares == pytest.approx([0.0, 0.1, 0.2])


def test_permanent_correction_stays_in_place_for_its_candidate():
    loss = in_run("ll_cp")
    logits = torch.zeros(2, 4, 3)
    logits[0, 0, 1], logits[1, 1, 0] = 5.0, 5.0
    loss.start_epoch(1)
    loss(logits, LABELS, ROWS)
    assert not loss.corrected.any()
    loss.start_epoch(2)
    loss(logits, LABELS, ROWS)  # two of twelve: the largest is above the second, which all zeros share
    assert loss.corrected.nonzero().tolist() == [[0, 0, 1], [1, 1, 0]]
    logits.zero_()
    loss.start_epoch(3)
    loss(logits, LABELS, ROWS)
    assert loss.corrected.nonzero().tolist() == [[0, 0, 1], [1, 1, 0]]


def test_the_parameters_of_gr_move_with_the_epoch():
    loss, found = in_run("gr", epochs=4), {}
    for epoch in (1, 4):
        loss.start_epoch(epoch)
        found[epoch] = {key: loss.hyperparameters[key] for key in ("w", "b", "mu", "sigma")}
    assert found[1] == pytest.approx({"w": 0, "b": -2, "mu": 0.575, "sigma": 1.625})
    assert found[4] == pytest.approx({"w": 1.5, "b": -2, "mu": 0.8, "sigma": 0.5})


def test_the_losses_of_the_schema_are_those_of_the_library_with_their_parameters():
    schema = yaml.safe_load((tiny.ROOT / "rules/config.schema.yaml").read_text())["$defs"]["losses"]
    assert list(schema) == list(LOSSES)
    wants = {name: entry.get("wants") for name, entry in schema.items()}
    assert {name for name, want in wants.items() if want == "complete labels"} == set(ACCEPTS_SOFT_TARGETS)
    assert {name for name, want in wants.items() if want in ("true negatives", "observed negatives")} == set(
        NEEDS_NEGATIVES
    )
    labels = torch.zeros(4, 3, dtype=torch.int8)
    for name, entry in schema.items():
        defaults = {key: part["default"] for key, part in entry["properties"].items()}
        if defaults.get("k", 0) is None:
            defaults["k"] = 1.0
        loss = make_loss(name, defaults, RunContext([0, 1], 8, lambda: [labels]))
        loss.start_epoch(1)
        assert loss(torch.zeros(2, 4, 3), labels, ROWS).shape == (2,), name
    assert set(STATEFUL) <= set(LOSSES)


# -- what a loss is given


def test_pseudo_labels_are_known_labels():
    pseudo = np.array([[1, 0, -1]], np.int8)
    assert targets.encode_full_labels("bce", "f", pseudo).tolist() == [[1, 0, IGNORED]]
    assert targets.encode_full_labels("em", "f", pseudo).tolist() == [[1, 0, IGNORED]]
    assert targets.encode_full_labels("iu", "f", pseudo).tolist() == [[1, -1, 0]]
    assert targets.encode_full_labels("partial_bce", "f", pseudo).tolist() == [[1, -1, 0]]


def test_soft_targets_are_for_losses_that_take_them():
    soft = np.array([[0.25, 1.0]], np.float16)
    assert targets.encode_full_labels("bce_ls", "f", soft).dtype == np.float32
    with pytest.raises(InputError, match="loss em does not take; wanted bce or bce_ls"):
        targets.encode_full_labels("em", "f", soft)


def test_a_loss_says_so_when_it_lacks_what_it_needs():
    observed, true = np.array([[1, 0, 0]], np.int8), np.array([[1, 1, 0]], np.uint8)
    with pytest.raises(InputError, match="2 of 3 labels are unobserved, but loss bce wants every label"):
        targets.encode_observed_labels("bce", "f", observed, true)
    for name in ("iu", "partial_bce"):
        with pytest.raises(
            InputError, match=f"no negative is observed; .* loss {name} learns that everything is present"
        ):
            targets.encode_observed_labels(name, "f", observed, true)
    assert targets.encode_observed_labels("iun", "f", observed, true).tolist() == [[1, 0, -1]]
    assert targets.encode_observed_labels("iu", "f", np.array([[1, 0, -1]], np.int8), true).tolist() == [[1, 0, -1]]
