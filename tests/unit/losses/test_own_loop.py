"""Losses in a training loop of somebody else."""

import numpy as np
import pytest
import torch

from spml.artifacts.codes import LossLabel
from spml.losses import own_loop
from spml.losses.catalog import LOSSES, TAKES_BOTH
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext
from spml.runtime.errors import InputError

EPOCHS = 6
TRUE = np.random.RandomState(0).randint(0, 2, (30, 4))
OBSERVED = np.where(TRUE & (np.arange(4) == np.arange(30)[:, None] % 4), 1, 0)
OBSERVED[0] = [0, 1, 0, -1]
PSEUDO = np.where(np.arange(120).reshape(30, 4) % 7, TRUE, -1)
REQUIRED = {"role": {"k": 1.9}, "epr": {"k": 1.9}, "gpr": {"k": 1.9}}
REQUIRED |= {"expected_negatives": {"k": 1.9}, "spatial_consistency": {"k": 1.9}}
FEATURES = torch.tensor(TRUE @ np.random.RandomState(1).randn(4, 8), dtype=torch.float32)


def make(name, **changes):
    options = {"epochs": EPOCHS, **REQUIRED.get(name, {}), **changes}
    if name in TAKES_BOTH:
        return own_loop.for_both(name, OBSERVED, PSEUDO, **options)
    if LOSSES[name].needs == "complete labels":
        return own_loop.for_full(name, PSEUDO, **options)
    return own_loop.for_observed(name, OBSERVED, true=TRUE, **options)


def train(loss, model, epochs=range(1, EPOCHS + 1)):
    """Train a model in the plainest of loops; return the mean loss of each epoch."""
    groups = [{"params": model.parameters()}, *loss.parameter_groups(0.01)]
    optimiser = torch.optim.SGD(groups, lr=0.01)  # which has no state of its own
    means = []
    for epoch in epochs:
        loss.start_epoch(epoch)
        values = []
        for rows in torch.randperm(30, generator=torch.Generator().manual_seed(epoch)).split(10):
            value = loss(model(FEATURES[rows]), rows)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            values.append(value.item())
        loss.end_epoch(epoch, lambda: model(FEATURES))
        means.append(np.mean(values))
    return means


def linear():
    torch.manual_seed(0)
    return torch.nn.Linear(8, 4)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "spatial_consistency"])
def test_every_loss_trains_a_model_and_goes_on_where_it_was_stopped(name):
    whole = linear()
    means = train(make(name), whole)
    assert np.isfinite(means).all()
    assert not torch.equal(whole.weight, linear().weight)
    stopped, first = linear(), make(name)
    train(first, stopped, range(1, 4))
    second = make(name)
    second.load_state_dict({key: tensor.clone() for key, tensor in first.state_dict().items()})
    train(second, stopped, range(4, EPOCHS + 1))
    assert torch.equal(stopped.weight, whole.weight)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "spatial_consistency"])
def test_logits_may_be_of_any_floating_type(name, dtype):
    loss, rows = make(name), torch.arange(30)
    logits = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    for epoch in range(1, EPOCHS + 1):
        loss.start_epoch(epoch)
        assert torch.isfinite(loss(logits, rows)), epoch
        loss.end_epoch(epoch, lambda: logits)


def test_labels_that_are_no_codes_and_rows_that_are_not_there_are_refused():
    with pytest.raises(InputError, match="pseudo: found shape"):
        own_loop.for_both("em_pl", np.ones((2, 3), int), np.full((2, 3), 7), epochs=1)
    loss = own_loop.for_full("bce", torch.ones(2, 3, dtype=torch.int8), epochs=1)  # a tensor is taken as an array
    for rows in ([-1], [2], []):
        for given in (rows, torch.tensor(rows, dtype=torch.int64)):
            with pytest.raises(ValueError, match="wanted numbers of training rows"):
                loss(torch.zeros(len(rows), 3), given)


@pytest.mark.parametrize(
    "rows", [torch.tensor(1), torch.tensor([True, False]), [0.0, 1.0], [[0, 1]], ["0", "1"], "01", None, [[0], [1, 2]]]
)
def test_rows_that_are_no_numbers_are_refused(rows):
    with pytest.raises(ValueError, match=r"^rows: found .*wanted numbers of training rows[^\n]*$"):
        make("em")(torch.zeros(2, 4), rows)


@pytest.mark.parametrize(
    "rows",
    [[0, 1], [np.int64(0), np.int64(1)], np.array([0, 1]), np.array([0, 1], np.uint16), torch.tensor([0, 1]).byte()],
    ids=["list", "list of NumPy's", "array", "array of 16 bits", "tensor of 8 bits"],
)
def test_rows_may_be_whole_numbers_of_any_kind(rows):
    logits = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    for name in ("em", "role"):
        assert make(name)(logits, rows) == make(name)(logits, torch.tensor([0, 1]))


def test_labels_may_be_lists_and_tensors_and_numbers_those_of_numpy():
    wanted = make("role", seed=3)
    for observed in (OBSERVED.tolist(), list(OBSERVED), torch.tensor(OBSERVED), torch.tensor(OBSERVED).bfloat16()):
        found = own_loop.for_observed("role", observed, epochs=np.int64(EPOCHS), seed=np.int64(3), k=np.float32(1.9))
        assert torch.equal(found.labels, wanted.labels)
        assert torch.equal(found.state_dict()["estimates"], wanted.state_dict()["estimates"])
    soft = own_loop.for_full("bce", torch.full((2, 3), 0.25, dtype=torch.bfloat16), epochs=1)
    assert (soft.labels == 0.25).all()


def test_a_loss_that_reads_score_maps_asks_for_them():
    loss = make("spatial_consistency")
    loss.start_epoch(1)
    with pytest.raises(RuntimeError, match="found no score maps; pass those of the backbone, as maps"):
        loss(torch.zeros(2, 4), torch.tensor([0, 1]))


@pytest.mark.parametrize("name", ["em", "bce", "em_pl", "role"])
def test_the_value_is_that_of_the_pipeline(name):
    loss = make(name, seed=3)
    rows = torch.tensor([4, 0, 7])
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    run = RunContext([3], EPOCHS, lambda: [loss.labels])
    expected = make_loss(name, REQUIRED.get(name, {}), run)(logits[None], loss.labels[rows], rows)
    assert loss(logits, rows) == expected[0]


def test_pseudo_labels_keep_what_they_say():
    labels = own_loop.for_full("bce", PSEUDO, epochs=1).labels.numpy()
    assert (labels == LossLabel.IGNORED).sum() == (PSEUDO == -1).sum()  # and not observed to be absent
    assert ((labels == LossLabel.PRESENT) == (PSEUDO == 1)).all()
    soft = own_loop.for_full("bce", np.full((2, 3), 0.25), epochs=1)
    assert soft(torch.zeros(1, 3), torch.tensor([1])).item() == pytest.approx(np.log(2), rel=1e-4)


def test_estimates_are_trained_at_their_own_rate():
    loss = make("role")
    (group,) = loss.parameter_groups(0.01)
    before = group["params"][0].detach().clone()
    assert group["lr"] == pytest.approx(0.1)
    train(loss, linear())
    assert not torch.equal(before, loss.state_dict()["estimates"])
    assert make("em").parameter_groups(0.01) == []


def test_forgotten_epochs_are_errors():
    loss = make("em_apl", warmup=2)
    logits, rows = torch.zeros(2, 4), torch.tensor([0, 1])
    with pytest.raises(RuntimeError, match="call start_epoch"):
        loss(logits, rows)
    loss.start_epoch(1)
    with pytest.raises(RuntimeError, match="epoch 2 cannot start"):
        loss.start_epoch(2)
    with pytest.raises(RuntimeError, match="epoch 2 cannot end"):
        loss.end_epoch(2, lambda: logits)
    loss.end_epoch(1, lambda: logits)
    with pytest.raises(RuntimeError, match="call start_epoch"):
        loss(logits, rows)
    with pytest.raises(ValueError, match="epoch: found 7, wanted 1 to 6"):
        loss.start_epoch(7)
    assert make("em")(logits, rows).ndim == 0  # of a loss without epochs nothing is asked


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make("em", alpha=-1), "loss em: found alpha = -1, wanted"),
        (lambda: make("em", alpha="0.1"), "loss em: found alpha = '0.1', wanted"),
        (lambda: make("em", aplha=1), "loss em: found aplha, wanted alpha, negative_weight"),
        (lambda: make("gr", w=2), "loss gr: found w = 2, wanted two numbers"),
        (lambda: make("gr", sigma=(1, 0)), r"loss gr: found sigma = \(1, 0\), wanted two numbers above 0"),
        (lambda: make("em_apl", warmup=1.5), "loss em_apl: found warmup = 1.5"),
        (lambda: make("role", k=None), "loss role: found k = None"),
        (lambda: own_loop.for_observed("role", OBSERVED, epochs=1), "loss role: k is missing"),
        (lambda: own_loop.for_observed("emm", OBSERVED, epochs=1), "loss: found 'emm', wanted one of bce"),
        (lambda: own_loop.for_observed("bce", OBSERVED, epochs=1), "needs every label"),
        (lambda: own_loop.for_observed("em", OBSERVED * 2, epochs=1), "observed: found shape .* of -1, 0, 1"),
        (
            lambda: own_loop.for_full("em", np.zeros((2, 3)), epochs=1),
            "found soft targets, which loss em does not take",
        ),
        (lambda: own_loop.for_full("bce", np.full((2, 3), np.nan), epochs=1), "outside"),
        (lambda: own_loop.for_both("em_pl", OBSERVED, PSEUDO[:2], epochs=1), "pseudo: found shape"),
        (lambda: own_loop.for_both("em", OBSERVED, PSEUDO, epochs=1), "loss: found em, wanted one that takes"),
        (lambda: make("em", epochs=0), "epochs: found 0, wanted a whole number, 1 or more"),
        (lambda: make("em", epochs="2"), "epochs: found '2', wanted a whole number"),
        (lambda: make("em", epochs=2.5), "epochs: found 2.5, wanted a whole number"),
        (lambda: make("em", epochs=True), "epochs: found True, wanted a whole number"),
        (lambda: make("role", seed=1.5), "seed: found 1.5, wanted a whole number"),
        (lambda: make("role", seed=2**64), "seed: found 1844.*, wanted a whole number, of 64 bits"),
        (lambda: make("em", alpha=True), "loss em: found alpha = True, wanted"),
        (lambda: make("csl", epochs=3, warmup=7), "loss csl: found warmup = 7, wanted fewer than the 3 epochs"),
        (lambda: make("em_apl", epochs=5), "loss em_apl: found warmup = 5, wanted fewer than the 5 epochs"),
        (lambda: own_loop.for_observed("em", [[1, 0], [1]], epochs=1), "observed: found no matrix, as rows of several"),
        (lambda: own_loop.for_observed("em", [[1, None]], epochs=1), "observed: found values of type object"),
        (lambda: own_loop.for_observed("em", [[1, "0"]], epochs=1), "observed: found values of type <U"),
        (lambda: own_loop.for_full("bce", [[1, 0], [1]], epochs=1), "labels: found no matrix, as rows of several"),
        (lambda: own_loop.for_both("em_pl", [[1, 0]], [[1], []], epochs=1), "pseudo: found no matrix"),
        (
            lambda: own_loop.for_full("bce", torch.ones(2, 3, requires_grad=True), epochs=1),
            "labels: found a tensor that requires a gradient",
        ),
        (lambda: own_loop.for_observed("em", OBSERVED[:, :0], epochs=1), r"observed: found shape \(30, 0\)"),
        (lambda: own_loop.for_full("bce", PSEUDO[:0], epochs=1), r"labels: found shape \(0, 4\)"),
        (
            lambda: own_loop.for_observed("em", -TRUE, epochs=1),
            "observed: no positive label among the 30 training rows",
        ),
        (lambda: own_loop.for_full("bce", PSEUDO * 0.0, epochs=1), "labels: no positive label among the 30"),
        (lambda: own_loop.for_full("bce", PSEUDO * 0, epochs=1), "labels: no positive label among the 30"),
        (
            lambda: own_loop.for_both("em_pl", -TRUE, np.zeros_like(TRUE), epochs=1),
            "pseudo: no positive label among the 30",
        ),
        (
            lambda: own_loop.for_observed("iun", 1 - TRUE, true=TRUE, epochs=1),
            r"true: found \d+ labels that contradict observed, the first in row 0, column 0",
        ),
        (
            lambda: own_loop.for_observed("iun", np.where(TRUE, -1, 0), true=TRUE, epochs=1),
            r"true: found \d+ labels that contradict observed, the first in row 0, column 1",
        ),
    ],
)
def test_mistakes_are_told(call, message):
    with pytest.raises(InputError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_logits_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"logits: found shape \(2, 5\), wanted \(2, 4\)"):
        make("em")(torch.zeros(2, 5), torch.tensor([0, 1]))


@pytest.mark.parametrize("name", ["csl", "em_apl"])
def test_predictions_of_another_shape_are_refused(name):
    loss = make(name, warmup=1)
    for shape in ((30, 5), (29, 4), (4,)):
        loss.start_epoch(1)
        with pytest.raises(ValueError, match=r"logits: found shape \(.*\), wanted \(30, 4\)"):
            loss.end_epoch(1, lambda shape=shape: torch.zeros(shape))


def after_two_epochs(name):
    """Return a loss and a copy of its state after two epochs."""
    loss = make(name, **({"warmup": 2} if name == "csl" else {}))
    train(loss, linear(), (1, 2))
    return loss, {key: tensor.clone() for key, tensor in loss.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("em", {"epoch": None}, "state: found the keys loss; wanted epoch and loss among them"),
        ("em", {"loss": None}, "state: found the keys epoch; wanted epoch and loss among them"),
        ("em", {"loss": torch.tensor(list(b"an"))}, "state: found one of loss an, wanted one of loss em"),
        ("em", {"epoch": torch.tensor(7)}, "state: epoch: found 7, wanted a whole number, from 0 to 6"),
        ("em", {"soft": torch.zeros(1)}, "state: found soft, which loss em does not have; wanted none"),
        ("em_apl", {"soft": None}, "state: soft is missing, which loss em_apl has after epoch 2"),
        ("em_apl", {"soft": torch.zeros(1, 30, 5)}, r"state: soft: found shape \(1, 30, 5\), wanted \(1, 30, 4\)"),
        ("role", {"estimates": torch.zeros(1, 1, 4)}, r"state: estimates: found shape \(1, 1, 4\), wanted"),
        ("csl", {"prior": None}, "state: prior is missing, which loss csl has after epoch 2"),
        ("csl", {"prior": torch.zeros(1, 5)}, r"state: prior: found shape \(1, 5\), wanted \(1, 4\)"),
    ],
)
def test_a_state_that_is_not_of_this_loss_is_refused(name, changes, message):
    loss, state = after_two_epochs(name)
    wanted = {key: tensor.clone() for key, tensor in state.items()}
    loss.load_state_dict(state)
    state = {key: value for key, value in {**state, **changes}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        loss.load_state_dict(state)
    torch.testing.assert_close(loss.state_dict(), wanted, rtol=0, atol=0)  # nothing was taken over


def test_the_state_of_score_maps_names_what_is_missing():
    loss = make("spatial_consistency")
    state = loss.state_dict()
    loss.load_state_dict(state)  # before the first batch there are no maps
    with pytest.raises(InputError, match="state: maps is missing, which loss spatial_consistency has after epoch 1"):
        loss.load_state_dict(state | {"epoch": torch.tensor(1)})
    for shape in ((1, 30, 4, 2), (1, 29, 4, 2, 2)):
        with pytest.raises(InputError, match=r"state: maps: found shape .*, wanted \(1, 30, any, any, any\)"):
            loss.load_state_dict(state | {"epoch": torch.tensor(1), "maps": torch.zeros(shape)})
