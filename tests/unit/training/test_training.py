import contextlib
import functools

import numpy as np
import pytest
import torch

from spml.artifacts import features as feature_files
from spml.losses.catalog import LOSSES
from spml.losses.stateful import make_loss
from spml.models.heads import apply_heads, fold_standardisation, initial_weights
from spml.models.inference import predict
from spml.runtime.errors import InputError
from spml.training import batches as rows_module
from spml.training import engine, seeds
from spml.training.batches import Rows, StreamedRows, row_source

FEATURE_SETTINGS = ("backbone", "weights_sha256", "image_size", "preprocessing", "precision")
SETTINGS = {"hidden": 6, "dropout": 0.25, "standardize": True, "epochs": 3, "seed": 5, "name": "teachers/test"}

PARAMETERS = {
    "epr": {"k": 1.5},
    "role": {"k": 1.5},
    "em_apl": {"alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 1},
    "ll_r": {"delta": 5},
    "ll_ct": {"delta": 5},
    "ll_cp": {"delta": 1},
    "gr": {"w": [0, 2], "b": [-2, -2], "mu": [0.5, 0.8], "sigma": [2, 0.5]},
}


@pytest.fixture
def world():
    random = np.random.RandomState(0)
    features = (random.randn(70, 9) * 3 + 1).astype(np.float32)
    labels = (features @ random.randn(9, 4) > 1).astype(np.int8)
    return features, labels


def rows(world, part=slice(None)):
    return Rows(world[0][part], world[1][part])


def run(world, head, batch_sizes, learning_rates, loss="an", **changes):
    settings = SETTINGS | changes
    training_rows, validation = rows(world, slice(0, 50)), rows(world, slice(50, 70))
    return engine.train(
        training_rows,
        validation,
        functools.partial(make_loss, loss, PARAMETERS.get(loss, {})),
        head=head,
        batch_sizes=batch_sizes,
        learning_rates=learning_rates,
        **settings,
    )


def plain_loop(world, head, batch_size, learning_rate):
    """The usual way: one candidate, nn.Linear, torch.optim.Adam; the validation mAP of each epoch."""
    features, labels = torch.from_numpy(world[0]), torch.from_numpy(world[1])
    train, mean, deviation = features[:50], features[:50].double().mean(0), features[:50].double().std(0, correction=0)
    standardized = ((features - mean) / deviation).float()
    torch.manual_seed(seeds.seed_for("weights", 5, "teachers/test", engine.Candidate(batch_size, learning_rate)))
    layers = [torch.nn.Linear(9, 6), torch.nn.Linear(6, 4)] if head == "mlp" else [torch.nn.Linear(9, 4)]
    optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], learning_rate)
    scores = []
    for epoch in (1, 2, 3):
        masks = torch.Generator().manual_seed(seeds.seed_for("dropout", 5, batch_size, epoch))
        for batch in torch.from_numpy(seeds.shuffle(len(train), 5, batch_size, epoch)).split(batch_size):
            x = standardized[batch]
            if head == "mlp":
                x = torch.relu(layers[0](x)) * (torch.rand(len(batch), 6, generator=masks) >= 0.25) / 0.75
            loss = LOSSES["an"].function(layers[-1](x), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            x = standardized[50:]
            logits = layers[-1](torch.relu(layers[0](x)) if head == "mlp" else x).numpy()
        scores.append(engine.mean_average_precision(engine.average_precision(logits, world[1][50:]))[0])
    return scores


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_the_stack_does_what_the_usual_loop_does(world, head):
    trained = run(world, head, [8, 16], [0.1, 0.01])
    for batch_size in (8, 16):
        for rate in (0.1, 0.01):
            found = [e.val_map for e in trained.history if (e.batch_size, e.learning_rate) == (batch_size, rate)]
            assert found == pytest.approx(plain_loop(world, head, batch_size, rate), abs=1e-3)


@pytest.mark.parametrize("head", ["linear", "mlp"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_candidate_alone_equals_itself_in_a_stack(world, head, loss):
    together = run(world, head, [8], [0.1, 0.01, 0.001], loss)
    alone = run(world, head, [8], [0.01], loss)
    losses = [e.loss for e in together.history if e.learning_rate == 0.01]
    assert losses == pytest.approx([e.loss for e in alone.history], rel=1e-4)


def test_the_best_epoch_is_the_first_of_the_highest(world):
    trained = run(world, "mlp", [8, 16], [0.1, 0.01])
    first = max(trained.history, key=lambda epoch: epoch.val_map)
    assert (trained.val_map, trained.epoch) == (first.val_map, first.epoch)
    assert str(trained.candidate) == str(engine.Candidate(first.batch_size, first.learning_rate))


def test_the_weights_kept_give_the_map_reported_on_features_as_stored(world):
    trained = run(world, "mlp", [8], [0.05])
    logits = predict({key: value.numpy() for key, value in trained.weights.items()}, world[0][50:])
    score = engine.mean_average_precision(engine.average_precision(logits, world[1][50:]))[0]
    assert score == pytest.approx(trained.val_map, abs=1e-6)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_prediction_without_torch_equals_prediction_with_it(world, head):
    weights = initial_weights(head, 6, (9, 4), [1])
    with_torch = apply_heads(weights, torch.from_numpy(world[0]))[0].numpy()
    without = predict({key: value[0].numpy() for key, value in weights.items()}, world[0])
    np.testing.assert_allclose(without, with_torch, atol=1e-5)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_folded_weights_take_raw_features(world, head):
    weights = initial_weights(head, 6, (9, 4), [1, 2])
    features = torch.from_numpy(world[0])
    mean, deviation = rows(world).mean_std()
    folded = fold_standardisation(weights, mean, deviation)
    torch.testing.assert_close(
        apply_heads(folded, features), apply_heads(weights, (features - mean) / deviation), atol=1e-4, rtol=1e-4
    )


def test_a_constant_feature_does_no_harm(world):
    world[0][:, 0] = 7.0
    assert rows(world).mean_std()[1][0] == 1.0
    assert np.isfinite(run(world, "linear", [8], [0.01]).history[-1].loss)


def test_moments_are_those_of_the_rows(world):
    mean, deviation = rows(world).mean_std()
    np.testing.assert_allclose(mean, world[0].mean(0), rtol=1e-5)
    np.testing.assert_allclose(deviation, world[0].std(0), rtol=1e-5)


def test_a_loss_that_is_not_finite_stops_training_and_says_where(world):
    world[0][3, 2] = np.nan
    with pytest.raises(InputError, match=r"found nan in epoch 1, step \d+ of 7 \(batch size 8, learning rate 0.1\)"):
        run(world, "linear", [8], [0.1], standardize=False)


def test_every_row_is_seen_once_an_epoch_the_last_batch_included(monkeypatch):
    monkeypatch.setattr(rows_module, "GATHERED", 9)
    source = Rows(np.arange(10, dtype=np.float32)[:, None], np.zeros((10, 1), np.int8))
    pieces = [(rows.tolist(), features[:, 0].tolist()) for rows, features, _ in source.shuffled(1, 4, 1)]
    assert all(rows == features for rows, features in pieces)
    assert [len(rows) for rows, _ in pieces] == [8, 2]  # whole batches but for the last
    assert sorted(row for rows, _ in pieces for row in rows) == list(range(10))


def test_shuffles_depend_on_seed_batch_size_and_epoch_alone():
    same = seeds.shuffle(50, 1, 8, 1)
    assert (same == seeds.shuffle(50, 1, 8, 1)).all()
    for other in ((2, 8, 1), (1, 16, 1), (1, 8, 2)):
        assert (same != seeds.shuffle(50, *other)).any()


def test_initial_weights_do_not_depend_on_the_stack():
    together, alone = initial_weights("mlp", 6, (9, 4), [1, 2]), initial_weights("mlp", 6, (9, 4), [2])
    for key in together:
        assert torch.equal(together[key][1], alone[key][0])


def test_training_twice_gives_the_same_bytes(world):
    one, other = (run(world, "mlp", [8], [0.05, 0.01]) for _ in range(2))
    assert all(torch.equal(one.weights[key], other.weights[key]) for key in one.weights)


def streamed(folder, features, rows, labels, memory_mb, monkeypatch):
    """Rows of a file with these features, read in runs of 8."""
    settings = dict.fromkeys(FEATURE_SETTINGS, "x")
    feature_files.write_shard(folder / "s.h5", list(map(str, range(len(features)))), [features], "float32", **settings)
    feature_files.join(folder / "f.h5", [folder / "s.h5"])
    monkeypatch.setattr(feature_files.Features, "block", 8)
    stack = contextlib.ExitStack()
    return stack, StreamedRows(stack.enter_context(feature_files.reading(folder / "f.h5")), rows, labels, memory_mb)


@pytest.mark.parametrize("batch_size", [1, 5, 8, 40, 100])
@pytest.mark.parametrize("room", [1, 11, 30, 1000])
def test_streamed_rows_are_those_in_memory_in_another_order(world, tmp_path, monkeypatch, batch_size, room):
    chosen = np.flatnonzero(np.random.RandomState(1).rand(70) < 0.7)
    stack, source = streamed(tmp_path, world[0], chosen, world[1][chosen], 1, monkeypatch)
    source._room = room
    in_memory = rows(world, chosen)
    with stack:
        assert (len(source), source.widths) == (len(chosen), (9, 4))
        orders = []
        for epoch in (1, 2, 1):
            order = []
            pieces = list(source_pieces(source, batch_size, epoch))
            for numbers, features, labels in pieces:
                assert (features == world[0][chosen[numbers]]).all() and (labels == world[1][chosen[numbers]]).all()
                order += numbers.tolist()
            assert all(len(numbers) % batch_size == 0 for numbers, _, _ in pieces[:-1])
            assert sorted(order) == list(range(len(chosen)))
            orders.append(order)
        assert orders[0] == orders[2] != orders[1]
        blocks = [(features.clone(), labels) for features, labels in source.blocks()]
        assert torch.equal(torch.cat([features for features, _ in blocks]), torch.from_numpy(world[0][chosen]))
        assert torch.equal(torch.cat([labels for _, labels in blocks]), torch.from_numpy(world[1][chosen]))
        for found, wanted in zip(source.mean_std(), in_memory.mean_std(), strict=True):
            torch.testing.assert_close(found, wanted)


def source_pieces(source, batch_size, epoch):
    for numbers, features, labels in source.shuffled(1, batch_size, epoch):
        yield numbers.numpy().copy(), features.numpy().copy(), labels.numpy().copy()


def test_rows_are_streamed_where_memory_is_less_than_the_file(tmp_path):
    settings = dict.fromkeys(FEATURE_SETTINGS, "x")
    values = np.ones((300, 1024), np.float32)  # 1.2 MB
    feature_files.write_shard(tmp_path / "s.h5", list(map(str, range(300))), [values], "float32", **settings)
    feature_files.join(tmp_path / "f.h5", [tmp_path / "s.h5"])
    with feature_files.reading(tmp_path / "f.h5") as stored:
        for memory_mb, kind in ((None, Rows), (2, Rows), (1, StreamedRows)):
            assert type(row_source(stored, np.arange(10), np.ones((10, 2), np.int8), memory_mb)) is kind


def test_training_streams_a_file_as_well_as_memory(world, tmp_path, monkeypatch):
    stack, source = streamed(tmp_path, world[0], np.arange(50), world[1][:50], 1, monkeypatch)
    monkeypatch.setattr(source, "_room", 16)
    settings = SETTINGS | {"head": "mlp", "batch_sizes": [8], "learning_rates": [0.05], "epochs": 20}
    make = functools.partial(make_loss, "an", {})
    with stack:
        found = engine.train(source, rows(world, slice(50, 70)), make, **settings)
    in_memory = engine.train(rows(world, slice(0, 50)), rows(world, slice(50, 70)), make, **settings)
    assert found.val_map == pytest.approx(in_memory.val_map, abs=5)
    assert found.history[-1].loss == pytest.approx(in_memory.history[-1].loss, rel=0.5)
