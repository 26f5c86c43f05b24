"""Losses in a training run: what lasts longer than a batch."""

import pytest
import torch

from spml.losses.catalog import LOSSES, NEEDS_MAPS
from spml.losses.stateful import STATEFUL, make_loss
from spml.losses.training_loss import Maps, RunContext

ROWS = torch.arange(4)
LABELS = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]], dtype=torch.int8)
HYPERPARAMETERS = {
    "role": {"k": 1.0},
    "em_apl": {"alpha": 0.1, "negative_weight": 0.03, "beta": 0.9, "theta": 0.9, "warmup": 2},
    "ll_r": {"delta": 10},
    "ll_ct": {"delta": 10},
    "ll_cp": {"delta": 10},
    "spatial_consistency": {"k": 1.0},
}


def in_run(name, candidates=2, epochs=5, labels=LABELS):
    run = RunContext(list(range(candidates)), epochs, lambda: labels.split(3))
    return make_loss(name, HYPERPARAMETERS.get(name, {}), run)


def maps_of(logits, views=None):
    """Return maps whose means are near the logits, of whole pictures or of these views (box, flipped)."""
    cells = torch.tensor([[-0.5, 0.25], [1.0, -0.75]])
    box, flipped = views or (torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([False]))
    count = logits.shape[1]
    return Maps(logits[..., None, None] + cells, box.expand(count, 4), flipped.expand(count))


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


def test_em_apl_with_its_published_ten_epochs():
    """VOC, COCO: after 5 epochs of 10, theta · U_i / 5 soft negatives of each category per epoch."""
    labels = torch.zeros(100, 3, dtype=torch.int8)
    labels[:50, 1], labels[:23, 2] = 1, -1
    run = RunContext([0], 10, lambda: [labels])
    loss, counts = make_loss("em_apl", {"theta": 0.9, "warmup": 5}, run), []
    for epoch in range(1, 11):
        loss.start_epoch(epoch)
        logits = torch.randn((1, 100, 3), generator=torch.Generator().manual_seed(epoch))
        loss(logits, labels, torch.arange(100))
        counts.append((loss.soft >= 0).sum(1)[0].tolist())  # those that the epoch learns from
        loss.end_epoch(epoch, lambda logits=logits: iter([logits]))
    per_epoch = [18, 9, 13]  # 0.9 · 100 / 5, 0.9 · 50 / 5, 0.9 · 77 / 5 = 13.86, without its fraction
    assert counts == [[0, 0, 0]] * 5 + [[number * after for number in per_epoch] for after in (1, 2, 3, 4, 5)]


def test_large_loss_with_its_published_ten_epochs():
    shares = {}
    for name in ("ll_r", "ll_ct", "ll_cp"):
        loss = make_loss(name, {}, RunContext([0], 10, lambda: [LABELS]))
        shares[name] = []
        for epoch in range(1, 11):
            loss.start_epoch(epoch)
            shares[name].append(100 * loss.hyperparameters["share"])
    assert shares["ll_r"] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5])
    assert shares["ll_ct"] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8])
    assert shares["ll_cp"] == pytest.approx([0] + 9 * [0.1])


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


def test_the_hyperparameters_of_gr_move_with_the_epoch():
    loss, found = in_run("gr", epochs=4), {}
    for epoch in (1, 4):
        loss.start_epoch(epoch)
        found[epoch] = {key: loss.hyperparameters[key] for key in ("w", "b", "mu", "sigma")}
    assert found[1] == pytest.approx({"w": 0, "b": -2, "mu": 0.575, "sigma": 1.625})
    assert found[4] == pytest.approx({"w": 1.5, "b": -2, "mu": 0.8, "sigma": 0.5})


def test_splc_corrects_after_its_warmup():
    loss, taus = make_loss("splc", {"warmup": 2}, RunContext([0], 4, lambda: [LABELS])), []
    for epoch in (1, 2, 3, 4):
        loss.start_epoch(epoch)
        taus.append(loss.hyperparameters["tau"])
    assert taus == [1.0, 1.0, 0.6, 0.6]


def test_the_priors_of_csl_are_the_mean_probabilities_after_the_warmup():
    loss = make_loss("csl", {"warmup": 2, "likely": 0, "eta": 0.4}, RunContext([0, 1], 5, lambda: [LABELS]))
    logits = torch.stack([torch.tensor([2.0, -1.0, 0.0]).repeat(4, 1), torch.full((4, 3), -2.0)])
    an = LOSSES["an"].function(logits, LABELS) * LABELS.numel()
    for epoch in (1, 2):
        loss.start_epoch(epoch)
        torch.testing.assert_close(loss(logits, LABELS, ROWS), an)  # a sum, as csl is
        loss.end_epoch(epoch, lambda: iter(logits.split([3, 1], dim=1)))
        assert (loss.prior is None) == (epoch == 1)
    torch.testing.assert_close(loss.prior, torch.sigmoid(logits[:, 0]))
    loss.start_epoch(3)
    loss.end_epoch(3, lambda: iter([-logits]))
    torch.testing.assert_close(loss.prior, torch.sigmoid(logits[:, 0]))  # it stays
    hyperparameters = {key: value for key, value in LOSSES["csl"].defaults().items() if key != "warmup"}
    wanted = LOSSES["csl"].function(
        logits, LABELS, **hyperparameters | {"likely": 0, "eta": 0.4, "prior": torch.sigmoid(logits[:, 0])}
    )
    torch.testing.assert_close(loss(logits, LABELS, ROWS), wanted)


SHORT = {"csl": {"warmup": 2}, "em_apl": {"warmup": 2}, "pseudo_label": {"warmup": 1, "ramp": 3}}  # in 6 epochs


def train(loss, labels, epochs):
    """Return the losses of all batches of some epochs; what follows from (epoch, step) alone is drawn."""
    losses = []
    for epoch in epochs:
        random = torch.Generator().manual_seed(epoch)
        loss.start_epoch(epoch)
        for rows in torch.randperm(len(labels), generator=random).split(5):
            logits = 2 * torch.randn((2, len(rows), 3), generator=random)
            for tensor in loss.parameters.values():
                tensor.requires_grad_().grad = None
            box = 0.5 * torch.rand((len(rows), 4), generator=random) + torch.tensor([0, 0, 0.25, 0.25])
            flipped = torch.rand(len(rows), generator=random) < 0.5
            per_candidate = loss(logits, labels[rows], rows, maps_of(logits, (box, flipped)))
            losses.append(per_candidate.detach())
            if loss.parameters:
                per_candidate.sum().backward()
            for tensor in loss.parameters.values():
                tensor.data.sub_(tensor.grad)
        logits = torch.randn((2, len(labels), 3), generator=random)
        loss.end_epoch(epoch, lambda logits=logits: iter(logits.split(4, dim=1)))
    return losses


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_a_loss_goes_on_from_its_state_as_if_it_had_never_stopped(name, epoch):
    labels = torch.randint(-1, 2, (12, 3), generator=torch.Generator().manual_seed(0), dtype=torch.int8)
    hyperparameters = LOSSES[name].defaults() | SHORT.get(name, {})
    if "k" in hyperparameters:
        hyperparameters["k"] = 1.0  # training fills it in
    run = RunContext([0, 1], 6, lambda: [labels])
    whole, first, second = (make_loss(name, hyperparameters, run) for _ in range(3))
    wanted = train(whole, labels, range(1, 7))
    found = train(first, labels, range(1, epoch + 1))
    held = dict(second.parameters)
    kept = {key: tensor.clone() for key, tensor in first.state().items()}
    second.load_state(kept)
    found += train(second, labels, range(epoch + 1, 7))
    assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))
    assert all(second.parameters[key] is tensor for key, tensor in held.items())  # an optimiser may hold it
    torch.testing.assert_close(first.state(), kept, rtol=0, atol=0, equal_nan=True)  # nothing is shared


def test_what_outlasts_an_epoch():
    kept = {name: set(in_run(name).state()) for name in STATEFUL}
    assert {name: names for name, names in kept.items() if names} == {
        "role": {"estimates"},
        "em_apl": {"soft"},
        "ll_cp": {"corrected"},
        "expected_negatives": {"running"},
        "spatial_consistency": {"running"},
    }
    spatial, logits = in_run("spatial_consistency"), torch.zeros(2, 4, 3)
    spatial(logits, LABELS, ROWS, maps_of(logits))
    assert set(spatial.state()) == {"running", "maps"}
    csl = in_run("csl")
    csl.end_epoch(csl.own["warmup"], lambda: iter([torch.zeros(2, 4, 3)]))
    assert set(csl.state()) == {"prior"}


def test_the_memory_of_what_a_loss_keeps_is_as_measured():
    measured = {name: loss.state_bytes for name, loss in LOSSES.items() if loss.state_bytes}
    assert measured == {
        "role": 32,
        "em_apl": 32,
        "ll_cp": 4,
        "expected_negatives": 12,
        "spatial_consistency": 12,
    }  # bytes for each label, with what the loss computes from all labels at once


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_runs_with_its_hyperparameters_and_no_others(name):
    labels = torch.zeros(4, 3, dtype=torch.int8)
    hyperparameters = LOSSES[name].defaults()
    if "k" in hyperparameters:
        hyperparameters["k"] = 1.0  # training fills it in
    loss = make_loss(name, hyperparameters, RunContext([0, 1], 8, lambda: [labels]))
    loss.start_epoch(1)
    logits = torch.zeros(2, 4, 3)
    assert loss(logits, labels, ROWS, maps_of(logits)).shape == (2,)
    for epoch in range(1, 7):  # beyond every warm-up
        loss.start_epoch(epoch)
        loss.end_epoch(epoch, lambda: iter([logits]))
    assert loss(logits, labels, ROWS, maps_of(logits)).shape == (2,)


def test_hyperparameters_that_are_not_named_have_their_defaults():
    run = RunContext([0], 1, lambda: [LABELS])
    assert make_loss("em", {}, run).hyperparameters == {"alpha": 0.1, "negative_weight": 0.03}
    assert make_loss("em", {"alpha": 0.3}, run).hyperparameters == {"alpha": 0.3, "negative_weight": 0.03}


def test_state_belongs_to_losses_that_exist():
    assert set(STATEFUL) <= set(LOSSES)


def test_the_losses_that_need_maps_say_so():
    assert tuple(name for name in LOSSES if in_run(name).needs_maps) == NEEDS_MAPS
