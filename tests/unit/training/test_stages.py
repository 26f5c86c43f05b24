"""Stages of one model: the second begins with the weights of the first, whatever rows and standardization they had."""

import csv
import dataclasses

import numpy as np
import pytest
import torch

from spml.artifacts import checkpoints, features, labels
from spml.losses.catalog import LOSSES
from spml.models.heads import apply_heads, fold_standardisation, unfold_standardisation
from spml.training import engine
from spml.training.batches import BatchSource
from spml.training.fit import Stage
from spml.training.fit_model import train_and_write
from spml.training.options import TrainingOptions
from spml.training.supervision import TrainingLabels

ONE_STEP = TrainingOptions("an", "linear", 1, (100,), (0.05,), standardize=True)
STREAM = {"seed": 5, "name": "students/test"}


@pytest.fixture
def rows():
    random = np.random.RandomState(0)
    values = (random.randn(90, 7) * 3 + 1).astype(np.float32)
    return values, (values @ random.randn(7, 4) > 1).astype(np.int8)


def source(rows, start, stop):
    return BatchSource(rows[0][start:stop], rows[1][start:stop])


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_a_stage_begins_where_the_one_before_ended(rows, head):
    """A learning rate of almost 0 leaves the logits as they are, though the rows have another mean."""
    options = dataclasses.replace(ONE_STEP, head=head, hidden=6, epochs=3)
    first = engine.train(source(rows, 0, 40), source(rows, 70, 90), options, **STREAM)
    still = dataclasses.replace(options, learning_rates=(1e-12,), epochs=1)
    second = engine.train(source(rows, 40, 70), source(rows, 70, 90), still, **STREAM, begin=first.weights)
    features = torch.from_numpy(rows[0])
    one, other = (apply_heads({k: v[None] for k, v in t.weights.items()}, features) for t in (first, second))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert second.val_map == pytest.approx(first.val_map)


def test_one_epoch_of_a_second_stage_by_hand(rows):
    first = engine.train(source(rows, 0, 40), source(rows, 70, 90), ONE_STEP, **STREAM)
    second = engine.train(source(rows, 40, 70), source(rows, 70, 90), ONE_STEP, **STREAM, begin=first.weights)
    features, present = torch.from_numpy(rows[0][40:70]), torch.from_numpy(rows[1][40:70])
    mean, std = features.double().mean(0).float(), features.double().std(0, correction=0).float()
    weight = (first.weights["output.weight"] * std).requires_grad_()
    bias = (first.weights["output.bias"] + first.weights["output.weight"] @ mean).requires_grad_()
    optimizer = torch.optim.Adam([weight, bias], 0.05)  # anew: no moments of the first stage
    LOSSES["an"].function((features - mean) / std @ weight.T + bias, present).backward()
    optimizer.step()
    torch.testing.assert_close(second.weights["output.weight"], (weight / std).detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        second.weights["output.bias"], (bias - weight / std @ mean).detach(), rtol=1e-4, atol=1e-4
    )


def test_unfolding_undoes_folding():
    stack = {"output.weight": torch.randn(2, 3, 4), "output.bias": torch.randn(2, 3)}
    mean, std = torch.randn(4), torch.rand(4) + 0.5
    back = unfold_standardisation(fold_standardisation(stack, mean, std), mean, std)
    for name in stack:
        torch.testing.assert_close(back[name], stack[name], rtol=1e-4, atol=1e-5)


def named(path, count, split=None):
    return labels.Matrix(
        path, [f"{path} {row}" for row in range(count)], list("wxyz"), np.zeros((count, 4), np.int8), split
    )


def write_features(path, images, values):
    features.write_shard(
        path.with_suffix(".shard"), images, [values], "float32", **dict.fromkeys(features.SETTINGS[:-1], "x")
    )
    features.join(path, [path.with_suffix(".shard")])
    return str(path)


def test_a_model_of_two_stages_ends_with_the_second_and_its_history_has_both(rows, tmp_path):
    true = named("train", 50, np.array([0] * 30 + [1] * 20, np.uint8))
    pool = named("pool", 40)
    stored = write_features(tmp_path / "train.h5", true.image_id, rows[0][40:])
    pool_stored = write_features(tmp_path / "pool.h5", pool.image_id, rows[0][:40])
    second = dataclasses.replace(ONE_STEP, loss="bce", learning_rates=(0.01, 0.02))
    stages = [
        Stage(pool_stored, pool, "pool", TrainingLabels("pseudo", rows[1][:40]), ONE_STEP),
        Stage(stored, true, "train", TrainingLabels("observed", rows[1][40:70]), second),
    ]
    outputs = {"checkpoint": str(tmp_path / "checkpoint.safetensors"), "history": str(tmp_path / "history.csv")}
    inputs = {"decomposition": "", "landmarks": []}
    train_and_write(stages, rows[1][70:], inputs, outputs, **STREAM, memory_mb=0, device="cpu")
    one = engine.train(source(rows, 0, 40), source(rows, 70, 90), ONE_STEP, seed=5, name="students/test/stage_1")
    two = engine.train(source(rows, 40, 70), source(rows, 70, 90), second, **STREAM, begin=one.weights)
    weights, about = checkpoints.load(tmp_path / "checkpoint.safetensors")
    np.testing.assert_array_equal(weights["output.weight"], two.weights["output.weight"].numpy())
    assert about["loss"] == {"name": "bce"} and about["val_map"] == two.val_map
    with open(tmp_path / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["stage"] for row in history] == ["1", "2", "2"]
    assert [float(row["loss"]) for row in history] == [epoch.loss for epoch in one.history + two.history]


def test_the_checkpoint_has_the_estimates_of_role_beside_the_head_where_training_goes_on(rows, tmp_path):
    true = named("train", 50, np.array([0] * 30 + [1] * 20, np.uint8))
    stored = write_features(tmp_path / "train.h5", true.image_id, rows[0][40:])
    role = dataclasses.replace(ONE_STEP, loss="role", hyperparameters={"k": 1.5}, epochs=2, keep_loss_parameters=True)
    stages = [Stage(stored, true, "train", TrainingLabels("observed", rows[1][40:70]), role)]
    outputs = {"checkpoint": str(tmp_path / "checkpoint.safetensors"), "history": str(tmp_path / "history.csv")}
    inputs = {"decomposition": "", "landmarks": []}
    train_and_write(stages, rows[1][70:], inputs, outputs, **STREAM, memory_mb=0, device="cpu")
    trained = engine.train(source(rows, 40, 70), source(rows, 70, 90), role, **STREAM)
    beside, _ = checkpoints.load_part(outputs["checkpoint"], checkpoints.LOSS)
    assert set(beside) == {"estimates"} and beside["estimates"].dtype == np.float32
    np.testing.assert_array_equal(beside["estimates"], trained.loss_parameters["estimates"].numpy())
    assert set(checkpoints.load(outputs["checkpoint"])[0]) == {"output.weight", "output.bias"}
