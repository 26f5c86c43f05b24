"""One network's steps: accumulation, optimiser, average, precision, compilation."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

import small_network
from small_network import CANDIDATE, MLP, OPTIONS
from spml.finetuning import optimiser
from spml.finetuning.loop import Run
from spml.finetuning.optimiser import Adam
from spml.finetuning.steps import Steps
from spml.losses.catalog import LOSSES
from spml.losses.training_loss import TrainingLoss
from spml.runtime.errors import InputError
from spml.training.options import Candidate

HYPERPARAMETERS = {
    "epr": {"k": 1.5},
    "gpr": {"k": 1.5},
    "role": {"k": 1.5},
    "em_apl": {"warmup": 1},
    "ll_r": {"delta": 9},
    "expected_negatives": {"k": 1.5, "warmup": 1},
    "csl": {"warmup": 1},
    "pseudo_label": {"warmup": 1, "ramp": 1},
    "spatial_consistency": {"k": 1.5, "warmup": 1},
}


@pytest.fixture
def world():
    return small_network.World()


def options(loss="an", **changes):
    return dataclasses.replace(OPTIONS, loss=loss, hyperparameters=HYPERPARAMETERS.get(loss, {}), epochs=3, **changes)


def trained(run):
    """The history and the last weights of a run."""
    run.train(lambda state: None)
    return run.history, {name: value.clone() for name, value in run.steps.network.weights().items()}


def curve(run):
    return [row.loss for row in run.history]


@pytest.mark.parametrize("micro_batch", [3, 4, 7])
@pytest.mark.parametrize("loss", ["an", "epr", "ll_r", "role", "spatial_consistency", "vpu"])
def test_a_batch_in_pieces_does_what_the_whole_batch_does(world, loss, micro_batch):
    head = {} if loss == "spatial_consistency" else MLP | {"dropout": 0.0}
    whole, pieces = (
        world.run(options(loss, freeze_batch_norm=True, micro_batch=size, **head)) for size in (None, micro_batch)
    )
    (_, weights), (_, others) = trained(whole), trained(pieces)
    assert curve(pieces) == pytest.approx(curve(whole), rel=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=2e-3, rtol=0, msg=name)


def test_both_passes_over_a_piece_drop_the_same_units_and_normalise_alike(world):
    """The logits that the loss sees are those whose gradient goes back, and statistics are updated once a piece."""
    seen = []

    class Watched(Steps):
        def _loss(self, batch, logits):
            seen.append((logits.clone(), []))
            return super()._loss(batch, logits)

    run = world.run(options(**MLP, micro_batch=3), kind=Watched)
    network = run.steps.network.train()
    network.register_forward_hook(lambda module, _, logits: seen[-1][1].append(logits) if seen else None)
    batch = next(run.training.shuffled(1, 8, 1))
    run.steps(batch)
    logits, second = seen[0]
    torch.testing.assert_close(torch.cat(second), logits, atol=0, rtol=0)
    assert [int(layer.num_batches_tracked) for layer in (network.backbone[1], network.backbone[4])] == [3, 3]


def test_a_hidden_unit_is_dropped_in_training_alone(world):
    run = world.run(options(**MLP))
    pictures = torch.from_numpy(world.pixels[:8]).permute(0, 3, 1, 2)
    network = run.steps.network.train()
    assert (network(pictures) != network(pictures)).any()
    network.eval()
    assert (network(pictures) == network(pictures)).all()


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_batch_normalisation_keeps_its_statistics_and_trains_its_scales(world, freeze):
    run = world.run(options(freeze_batch_norm=freeze))
    before = {name: value.clone() for name, value in run.steps.network.weights().items()}
    _, after = trained(run)
    for name, value in before.items():
        kept = freeze and ("running" in name or "tracked" in name)
        assert torch.equal(value, after[name]) == kept, name


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_a_backbone(world, loss):
    if loss in ("iu", "iun", "partial_bce", "gpr", "em_pl"):
        world.observed[world.training[::2], 0] *= -1  # some are known to be absent
    history, _ = trained(world.run(options(loss)))
    assert all(np.isfinite([row.loss for row in history]))


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adam_is_that_of_torch_and_decays_matrices_alone(decay):
    torch.manual_seed(0)
    mine, usual = ({name: torch.nn.Parameter(torch.ones(*shape)) for name, shape in SHAPES.items()} for _ in range(2))
    estimates, others = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
    adam = Adam(optimiser.groups(mine, decay, {"estimates": estimates}, 10.0))
    groups = [
        {"params": [usual["w"], usual["unused"]], "weight_decay": decay, "lr": 0.01},
        {"params": [usual["b"]], "weight_decay": 0.0, "lr": 0.01},
        {"params": [others], "weight_decay": 0.0, "lr": 0.1},
    ]
    torch_adam = torch.optim.AdamW(groups)
    for number in range(1, 6):
        for ours, theirs in ((mine["w"], usual["w"]), (mine["b"], usual["b"]), (estimates, others)):
            ours.grad = torch.randn(ours.shape)
            theirs.grad = ours.grad.clone()
        adam.step(number, 0.01)
        torch_adam.step()
    for name in SHAPES:
        torch.testing.assert_close(mine[name], usual[name], msg=name)
    torch.testing.assert_close(estimates, others)
    assert (mine["unused"] == 1).all()


SHAPES = {"w": (3, 4), "b": (4,), "unused": (2, 2)}


@pytest.mark.parametrize("steps", [2, 7, 10, 103])
def test_one_cycle_is_that_of_torch(steps):
    adam = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 0.4, total_steps=steps, cycle_momentum=False)
    for step in range(steps):
        assert optimiser.learning_rate("one_cycle", 0.4, step, steps) == pytest.approx(schedule.get_last_lr()[0])
        adam.step()
        if step < steps - 1:
            schedule.step()
    assert optimiser.learning_rate("constant", 0.4, steps - 1, steps) == 0.4


def test_the_rate_of_each_step_is_that_of_the_schedule(world, monkeypatch):
    rates = []
    monkeypatch.setattr(Adam, "step", lambda self, number, rate: rates.append((number, rate)))
    world.run(options(schedule="one_cycle")).train(lambda state: None)
    assert rates == [
        (step + 1, optimiser.learning_rate("one_cycle", CANDIDATE.learning_rate, step, 15)) for step in range(15)
    ]


def test_the_average_counts_every_step_and_the_statistics_of_batch_normalisation(world):
    passed = []

    class Watched(Steps):
        def __call__(self, batch):
            value = super().__call__(batch)
            passed.append({name: value.clone() for name, value in self.network.weights().items()})
            return value

    run = world.run(options(weight_average=0.8), kind=Watched)
    trained(run)
    shares = 0.8 ** np.arange(len(passed))[::-1]
    with run.steps.evaluating() as network:
        averaged = {name: value.clone() for name, value in network.weights().items()}
        assert not network.training
    for name, value in averaged.items():
        if not value.is_floating_point():
            assert torch.equal(value, passed[-1][name])
            continue
        usual = sum(share * weights[name] for share, weights in zip(shares, passed, strict=True)) / shares.sum()
        torch.testing.assert_close(value, usual, atol=1e-5, rtol=1e-4, msg=name)
    for name, value in run.steps.network.weights().items():
        assert torch.equal(value, passed[-1][name]), name  # its own are back


def test_the_best_epoch_is_the_first_of_the_highest_and_its_weights_are_kept(world, monkeypatch):
    scores = [50.0, 60.0, 60.0]
    weights = []

    def score(self, network):
        weights.append({name: value.clone() for name, value in network.weights().items()})
        return scores[len(self.history)]

    monkeypatch.setattr(Run, "_validation_map", score)
    run = world.run(options(weight_average=0.5))
    trained(run)
    assert (run.best.epoch, run.best.val_map) == (2, 60.0)
    assert all(torch.equal(value, weights[1][name]) for name, value in run.best.weights.items())


@pytest.mark.parametrize("loss", ["an", "em_apl"])
def test_patience_holds_for_losses_with_a_schedule_as_well(world, monkeypatch, loss):
    scores = iter([50.0, 60.0, 60.0, 70.0])
    monkeypatch.setattr(Run, "_validation_map", lambda self, network: next(scores))
    run = world.run(dataclasses.replace(options(loss, patience=1), epochs=9))
    trained(run)
    assert (len(run.history), run.best.epoch) == (3, 2)


def test_a_loss_that_is_not_finite_stops_training_and_says_where(world):
    run = world.run(options(), Candidate(8, 1e30))
    with pytest.raises(
        InputError, match=r"loss: found .* in epoch 1, step 2 of 5 \(batch size 8, learning rate 1e\+30\)"
    ):
        trained(run)


def test_a_batch_that_has_no_variance_is_refused(world):
    run = world.run(options())
    run.steps.network.backbone[3].stride = (12, 12)
    with pytest.raises(InputError, match=r"found 1 picture in a batch, .* wanted another batch size"):
        run.steps.network.train()(torch.from_numpy(world.pixels[:1]).permute(0, 3, 1, 2))


def test_weights_that_are_not_finite_after_an_epoch_stop_training(world):
    world.training = world.training[:8]  # one step an epoch
    with pytest.raises(InputError, match=r"logits: found some that are not finite after epoch 1"):
        trained(world.run(options(), Candidate(8, 1e30)))


def test_workers_change_nothing(world):
    one = trained(world.run(options(augment=("flip",))))
    other = trained(world.run(options(augment=("flip",)), workers=2))
    assert one[0] == other[0]
    assert all(torch.equal(value, other[1][name]) for name, value in one[1].items())


def test_bfloat16_stays_close_to_float32(world):
    exact, rounded = world.run(options()), world.run(options(), precision="bfloat16")
    trained(exact), trained(rounded)
    assert curve(rounded) == pytest.approx(curve(exact), rel=0.05)
    assert curve(rounded) != curve(exact)
    assert all(value.dtype != torch.bfloat16 for value in rounded.steps.network.weights().values())


@pytest.mark.skipif(not shutil.which("c++"), reason="torch.compile needs a C++ compiler on a CPU")
def test_a_compiled_backbone_stays_as_close_as_rounding(world):
    eager, compiled = (world.run(options(), Candidate(8, 0.001), compiled=compiled) for compiled in (False, True))
    (_, weights), (_, others) = trained(eager), trained(compiled)
    assert curve(compiled) == pytest.approx(curve(eager), abs=1e-4)
    assert list(weights) == list(others)


def test_score_maps_have_the_logits_as_their_mean(world):
    network = world.run(options("spatial_consistency")).steps.network.eval()
    logits, maps = network.outputs(torch.from_numpy(world.pixels[:5]).permute(0, 3, 1, 2))
    assert maps.shape == (5, small_network.CATEGORIES, 6, 6)
    torch.testing.assert_close(maps.mean((-2, -1)), logits)


def test_the_gradient_through_score_maps_and_logits_is_that_of_autograd(world):
    run = world.run(options("spatial_consistency", freeze_batch_norm=True, augment=("flip",)))
    steps, batch = run.steps, next(run.training.shuffled(1, 8, 1))
    steps.loss = SquaresOfBoth(lambda: None, None, {})
    network = steps.network.train()
    logits, maps = network.outputs(batch.pictures)
    value = squares(logits, maps, batch.view.flipped)
    value.backward()
    wanted = {name: weight.grad.clone() for name, weight in network.trained().items()}
    steps.adam.step = lambda number, rate: None
    for micro_batch in (None, 3):
        steps.options = dataclasses.replace(steps.options, micro_batch=micro_batch)
        assert steps(batch).item() == pytest.approx(value.item(), rel=1e-5)
        for name, weight in network.trained().items():
            torch.testing.assert_close(weight.grad, wanted[name], atol=1e-5, rtol=1e-4, msg=name)


def squares(logits, maps, flipped):
    return logits.square().sum() + (maps.square().mean((1, 2, 3)) * (1 + flipped.float())).sum() * logits.sum()


class SquaresOfBoth(TrainingLoss):
    """A loss of score maps without state."""

    needs_maps = True

    def __call__(self, logits, labels, rows, maps=None):
        return squares(logits[0], maps.values[0], maps.flipped)[None]


def test_boosted_maps_train_the_backbone_and_leave_the_identity(world):
    run = world.run(dataclasses.replace(options("ll_r"), hyperparameters={"boost": 5.0}))
    plain = world.run(options("ll_r"))
    pictures = torch.from_numpy(world.pixels[:5]).permute(0, 3, 1, 2)
    before = run.steps.network.eval()(pictures)
    assert (before >= plain.steps.network.eval()(pictures) - 1e-5).all()
    assert not torch.allclose(before, plain.steps.network(pictures), atol=1e-3)
    _, weights = trained(run)
    assert torch.equal(weights["output.weight"], torch.eye(small_network.CATEGORIES))
    assert not weights["output.bias"].any()
    assert (run.steps.network.eval()(pictures) != before).any()


@pytest.mark.skipif(not shutil.which("c++"), reason="torch.compile needs a C++ compiler on a CPU")
def test_a_compiled_backbone_gives_score_maps(world):
    torch.compiler.reset()  # compiled code does not look at hooks again; a job has one network
    eager, compiled = (
        world.run(options("spatial_consistency"), Candidate(8, 0.001), compiled=compiled) for compiled in (False, True)
    )
    trained(eager), trained(compiled)
    assert curve(compiled) == pytest.approx(curve(eager), abs=1e-4)
