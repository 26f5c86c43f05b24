"""The losses of 20 steps, of a frozen and of a trained backbone, beside plain loops from the definitions of docs/methods.md."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from torch import nn

import small_network
from small_network import CATEGORIES, NAME, OPTIONS, SEED
from spml.finetuning.steps import Steps
from spml.training import engine, seeds
from spml.training.batches import BatchSource
from spml.training.options import Candidate, TrainingOptions

HYPERPARAMETERS = {"an": {}, "em": {"alpha": 0.2, "negative_weight": 1.0}, "role": {"k": 1.7}}
EPOCHS, WIDTH = 4, 24
CANDIDATE = Candidate(8, 0.003)  # at larger rates Adam makes more of rounding
HEADS = ["linear", "mlp"]


def nl(probability):
    return -torch.log(probability + 1e-5)


def an(f, z, e):
    return (z * nl(f) + (1 - z) * nl(1 - f)).mean()


def em(f, z, e):
    return (z * nl(f) - (1 - z) * 0.2 * (f * nl(f) + (1 - f) * nl(1 - f))).mean()


def role(f, z, e):
    def entropy(t, p):
        return t * nl(p) + (1 - t) * nl(1 - p)

    def excess(p):
        return (p.sum(1).mean() - 1.7) ** 2 / CATEGORIES**2

    entries = z * (nl(f) + nl(e)) + entropy(e.detach(), f) + entropy(f.detach(), e)
    return 0.5 * entries.mean() + 0.5 * (excess(f) + excess(e))


LOSSES = {"an": an, "em": em, "role": role}


def plain_loop(loss, forward, parameters, observed):
    """Return the losses of all steps; ``forward`` maps row numbers to logits."""
    z = torch.from_numpy(observed).float()
    bound, certain = math.log(0.6 / 0.4), math.log(0.995 / 0.005)
    generator = torch.Generator().manual_seed(seeds.seed_for("loss", SEED, NAME, CANDIDATE))
    drawn = (2 * torch.rand(z.shape, generator=generator) - 1) * bound
    estimates = torch.where(z == 1, torch.full_like(z, certain), drawn).requires_grad_()
    rate = CANDIDATE.learning_rate
    optimizer = torch.optim.Adam([{"params": parameters, "lr": rate}, {"params": [estimates], "lr": 10 * rate}])
    curve = []
    for epoch in range(1, EPOCHS + 1):
        for rows in torch.from_numpy(seeds.shuffle(len(z), SEED, CANDIDATE.batch_size, epoch)).split(8):
            value = LOSSES[loss](torch.sigmoid(forward(rows)), z[rows], torch.sigmoid(estimates[rows]))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            curve.append(value.item())
    return curve


def layers(head):
    """The head as torch draws it."""
    torch.manual_seed(seeds.seed_for("weights", SEED, NAME, CANDIDATE))
    if head == "linear":
        return nn.Linear(WIDTH, CATEGORIES)
    return nn.Sequential(nn.Linear(WIDTH, 6), nn.ReLU(), nn.Linear(6, CATEGORIES))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_trained_backbone_does_what_a_plain_loop_does(loss, head):
    curve = []

    class Recorded(Steps):
        def __call__(self, batch):
            value = super().__call__(batch)
            curve.append(value.item())
            return value

    world = small_network.World()
    hidden = {"head": head, "hidden": 6 if head == "mlp" else 0}
    options = dataclasses.replace(OPTIONS, loss=loss, hyperparameters=HYPERPARAMETERS[loss], epochs=EPOCHS, **hidden)
    run = world.run(options, CANDIDATE, Recorded)
    run.train(lambda state: None)

    built = small_network.backbone()
    model = nn.Sequential(built.model.requires_grad_(True), layers(head))
    how = built.preprocessing
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (how.mean, how.std))
    pictures = (torch.from_numpy(world.pixels).permute(0, 3, 1, 2) / 255 - mean) / std
    model.train()
    usual = plain_loop(
        loss, lambda rows: model(pictures[rows]), list(model.parameters()), world.observed[world.training]
    )
    assert len(curve) == 20
    assert curve == pytest.approx(usual, abs=1e-5)
    with torch.no_grad(), run.steps.evaluating() as network:
        raw = torch.from_numpy(world.pixels[world.validation]).permute(0, 3, 1, 2)
        logits = network(raw).numpy()
        torch.testing.assert_close(network(raw), model.eval()(pictures[world.validation]), atol=1e-4, rtol=1e-4)
    truth = world.labels[world.validation]
    scores = [average_precision_score(truth[:, column], logits[:, column]) for column in range(CATEGORIES)]
    assert run.history[-1].val_map == pytest.approx(100 * np.mean(scores), abs=1e-3)
    assert [row.loss for row in run.history] == pytest.approx(np.mean(np.reshape(usual, (EPOCHS, 5)), 1), abs=1e-5)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_frozen_backbone_does_what_a_plain_loop_does(loss, head, monkeypatch):
    curve = []
    train_epoch = engine.train_epoch

    def recorded(*arguments, **named):
        losses = train_epoch(*arguments, **named)
        curve.extend(losses[:, 0].tolist())
        return losses

    monkeypatch.setattr(engine, "train_epoch", recorded)
    world = small_network.World()
    random = np.random.RandomState(1)
    features = (world.labels @ random.randn(CATEGORIES, WIDTH) + random.randn(len(world.labels), WIDTH)).astype("f4")
    training = BatchSource(features[world.training], world.observed[world.training])
    validation = BatchSource(features[world.validation], world.labels[world.validation])
    options = TrainingOptions(
        *(loss, head, EPOCHS, (CANDIDATE.batch_size,), (CANDIDATE.learning_rate,)),
        standardize=False,
        hidden=6 if head == "mlp" else 0,
        hyperparameters=HYPERPARAMETERS[loss],
    )
    engine.train(training, validation, options, seed=SEED, name=NAME)

    model, rows_of = layers(head), torch.from_numpy(features)
    usual = plain_loop(
        loss, lambda rows: model(rows_of[rows]), list(model.parameters()), world.observed[world.training]
    )
    assert len(curve) == 20
    assert curve == pytest.approx(usual, abs=1e-5)
