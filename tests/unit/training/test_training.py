import dataclasses

import h5py
import numpy as np
import pytest
import torch

import forge
from plan.presets import PRESETS
from spml.artifacts import features as feature_files
from spml.losses.catalog import LOSSES
from spml.losses.stateful import STATEFUL, make_loss
from spml.losses.training_loss import RunContext, TrainingLoss
from spml.models.heads import apply_heads, fold_standardisation, initial_weights
from spml.models.inference import predict
from spml.runtime.errors import InputError
from spml.training import batches, engine, seeds
from spml.training.batches import BatchSource, MappedBatchSource, open_batches
from spml.training.options import Candidate, TrainingOptions

FEATURE_SETTINGS = ("backbone", "weights_sha256", "view", "preprocessing", "precision")
SHARDS = ((0, 30), (30, 31), (31, 70))
STREAM = {"seed": 5, "name": "teachers/test"}
OPTIONS = TrainingOptions("an", "mlp", 3, (8,), (0.05,), standardize=True, hidden=6, dropout=0.25)

HYPERPARAMETERS = {
    "epr": {"k": 1.5},
    "gpr": {"k": 1.5},
    "role": {"k": 1.5},
    "em_apl": {"alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 1},
    "ll_r": {"delta": 5},
    "ll_ct": {"delta": 5},
    "ll_cp": {"delta": 1},
    "csl": {"warmup": 1},
    "pseudo_label": {"warmup": 1, "ramp": 1},
    "expected_negatives": {"k": 1.5},
    "spatial_consistency": {"k": 1.5},
    "gr": {"w": [0, 2], "b": [-2, -2], "mu": [0.5, 0.8], "sigma": [2, 0.5]},
}


@pytest.fixture
def world():
    random = np.random.RandomState(0)
    features = (random.randn(70, 9) * 3 + 1).astype(np.float32)
    labels = (features @ random.randn(9, 4) > 1).astype(np.int8)
    return features, labels


def source(world, part=slice(None)):
    return BatchSource(world[0][part], world[1][part])


def run(world, head, batch_sizes, learning_rates, loss="an", **changes):
    options = dataclasses.replace(
        OPTIONS,
        loss=loss,
        hyperparameters=HYPERPARAMETERS.get(loss, {}),
        head=head,
        batch_sizes=tuple(batch_sizes),
        learning_rates=learning_rates if learning_rates == "auto" else tuple(learning_rates),
        **changes,
    )
    return engine.train(source(world, slice(0, 50)), source(world, slice(50, 70)), options, **STREAM)


RECIPE = {"input_dropout": 0.2, "weight_average": 0.9, "weight_decay": 0.5}


def plain_loop(world, head, batch_size, learning_rate, *, epochs=3, loss="an", standardize=True, recipe=None):
    """The usual way: one candidate, nn.Linear, torch.optim.AdamW; the validation mAP of each epoch, and the last weights."""
    recipe = dict.fromkeys(RECIPE, 0.0) | (recipe or {})
    features, labels = torch.from_numpy(world[0]), torch.from_numpy(world[1])
    train, mean, std = features[:50], features[:50].double().mean(0), features[:50].double().std(0, correction=0)
    inputs = ((features - mean) / std).float() if standardize else features
    torch.manual_seed(seeds.seed_for("weights", 5, "teachers/test", Candidate(batch_size, learning_rate)))
    layers = [torch.nn.Linear(9, 6), torch.nn.Linear(6, 4)] if head == "mlp" else [torch.nn.Linear(9, 4)]
    parameters = [p for layer in layers for p in layer.parameters()]
    groups = [
        {"params": [layer.weight for layer in layers], "weight_decay": recipe["weight_decay"]},
        {"params": [layer.bias for layer in layers], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, learning_rate)
    total, share, scores = [torch.zeros_like(p) for p in parameters], 0.0, []
    for epoch in range(1, epochs + 1):
        hidden_masks = torch.Generator().manual_seed(seeds.seed_for("dropout", 5, batch_size, epoch))
        input_masks = torch.Generator().manual_seed(seeds.seed_for("input dropout", 5, batch_size, epoch))
        for batch in torch.from_numpy(seeds.shuffle(len(train), 5, batch_size, epoch)).split(batch_size):
            x = inputs[batch]
            if dropped := recipe["input_dropout"]:
                x = x * (torch.rand(x.shape, generator=input_masks) >= dropped) / (1 - dropped)
            if head == "mlp":
                x = torch.relu(layers[0](x)) * (torch.rand(len(batch), 6, generator=hidden_masks) >= 0.25) / 0.75
            value = LOSSES[loss].function(layers[-1](x), labels[batch])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            decay = recipe["weight_average"]
            share = decay * share + (1 - decay)
            total = [decay * old + (1 - decay) * p.detach() for old, p in zip(total, parameters, strict=True)]
        averaged = [one / share for one in total]  # bias-corrected
        with torch.no_grad():
            x = inputs[50:]
            if head == "mlp":
                x = torch.relu(x @ averaged[0].T + averaged[1])
            logits = (x @ averaged[-2].T + averaged[-1]).numpy()
        scores.append(engine.mean_average_precision(engine.average_precision(logits, world[1][50:]))[0])
    return scores, averaged


@pytest.mark.parametrize(
    "recipe", [{}, *({key: value} for key, value in RECIPE.items()), RECIPE], ids=["none", *RECIPE, "all"]
)
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_the_stack_does_what_the_usual_loop_does(world, head, recipe):
    trained = run(world, head, [8, 16], [0.1, 0.01], **recipe)
    for batch_size in (8, 16):
        for rate in (0.1, 0.01):
            scores = [e.val_map for e in trained.history if (e.batch_size, e.learning_rate) == (batch_size, rate)]
            usual, _ = plain_loop(world, head, batch_size, rate, recipe=recipe)
            assert scores == pytest.approx(usual, abs=1e-3)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_the_weights_kept_are_those_of_the_usual_loop(world, head):
    trained = run(world, head, [16], [0.01], standardize=False, **RECIPE)
    _, weights = plain_loop(world, head, 16, 0.01, epochs=trained.epoch, standardize=False, recipe=RECIPE)
    for (name, kept), usual in zip(trained.weights.items(), weights, strict=True):
        torch.testing.assert_close(kept, usual, atol=1e-5, rtol=1e-4, msg=name)


def test_the_published_search_is_a_preset(world):
    """Cole et al. 2021, on frozen features: a linear head, Adam alone, 2 x 4 candidates, 25 epochs, features as they are."""
    options = TrainingOptions.from_config(
        {"loss": {"name": "an"}, "select_on": "true_labels"} | PRESETS["cole_linear"].values
    )
    trained = engine.train(source(world, slice(0, 50)), source(world, slice(50, 70)), options, **STREAM)
    best = (-1.0, None, None)
    for batch_size in (8, 16):
        for rate in (1e-2, 1e-3, 1e-4, 1e-5):
            usual, _ = plain_loop(world, "linear", batch_size, rate, epochs=25, standardize=False)
            scores = [e.val_map for e in trained.history if (e.batch_size, e.learning_rate) == (batch_size, rate)]
            assert scores == pytest.approx(usual, abs=1e-3)
            epoch = max(range(25), key=scores.__getitem__)
            best = max(best, (scores[epoch], Candidate(batch_size, rate), epoch + 1), key=lambda entry: entry[0])
    assert (trained.val_map, trained.candidate, trained.epoch) == best
    explicit = TrainingOptions("an", "linear", 25, (8, 16), (1e-2, 1e-3, 1e-4, 1e-5), standardize=False)
    again = engine.train(source(world, slice(0, 50)), source(world, slice(50, 70)), explicit, **STREAM)
    assert all(torch.equal(trained.weights[key], again.weights[key]) for key in trained.weights)


def test_candidates_that_stop_do_not_change_those_that_go_on(world):
    whole = run(world, "linear", [8], [0.3, 0.03, 0.003], epochs=12)
    stopped = run(world, "linear", [8], [0.3, 0.03, 0.003], epochs=12, patience=2)
    lengths = []
    for rate in (0.3, 0.03, 0.003):
        scores = [e.val_map for e in whole.history if e.learning_rate == rate]
        epochs, best = len(scores), 0
        for epoch in range(12):
            best = epoch if scores[epoch] > scores[best] else best
            if epoch - best == 2:
                epochs = epoch + 1
                break
        assert [e.val_map for e in stopped.history if e.learning_rate == rate] == scores[:epochs]
        lengths.append(epochs)
    assert min(lengths) < max(lengths)  # or the stack would not have had to go on


def test_epochs_after_a_stop_are_not_chosen(world, monkeypatch):
    scores = iter([[50.0, 10.0], [40.0, 20.0], [99.0, 30.0], [99.0, 20.0]])
    monkeypatch.setattr(engine, "validation_map", lambda *_: next(scores))
    trained = run(world, "linear", [8], [0.1, 0.01], epochs=9, patience=1)
    assert (trained.val_map, trained.epoch, trained.candidate) == (50.0, 1, Candidate(8, 0.1))
    assert [(e.learning_rate, e.epoch) for e in trained.history] == [
        (0.1, 1),
        (0.1, 2),
        *((0.01, e) for e in (1, 2, 3, 4)),
    ]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_that_changes_with_the_epoch_runs_to_the_end(world, loss, monkeypatch):
    monkeypatch.setattr(engine, "validation_map", lambda *_: [50.0])
    trained = run(world, "linear", [8], [0.1], loss, epochs=5, patience=1)
    kind = STATEFUL.get(loss, TrainingLoss)
    changes = any(getattr(kind, name) is not getattr(TrainingLoss, name) for name in ("start_epoch", "end_epoch"))
    assert len(trained.history) == (5 if changes else 2)


def test_estimates_are_kept_as_they_were_after_the_best_epoch(world, monkeypatch):
    """The second of four epochs, of the second of two candidates: as at the end of a run of two epochs."""
    scores = iter([[10, 10], [20, 30], [10, 10], [10, 10], [10, 10], [20, 30]])
    monkeypatch.setattr(engine, "validation_map", lambda *_: next(scores))
    trained = run(world, "linear", [8], [0.1, 0.01], "role", epochs=4, keep_loss_parameters=True)
    short = run(world, "linear", [8], [0.1, 0.01], "role", epochs=2, keep_loss_parameters=True)
    assert trained.epoch == short.epoch == 2 and trained.candidate.learning_rate == 0.01
    estimates = trained.loss_parameters["estimates"]
    assert estimates.shape == (50, 4) and estimates.dtype == torch.float32 and not estimates.requires_grad
    assert torch.equal(estimates, short.loss_parameters["estimates"])
    assert not torch.equal(estimates, make_loss("role", {"k": 1.5}, context(world)).parameters["estimates"][0])


def test_estimates_are_left_out_where_nobody_goes_on_from_them(world):
    assert not run(world, "linear", [8], [0.1], "role").loss_parameters
    assert not run(world, "linear", [8], [0.1], "an", keep_loss_parameters=True).loss_parameters


def context(world):
    """Return the context of the candidate of learning rate 0.01 and batch size 8."""
    loss_seed = seeds.seed_for("loss", 5, "teachers/test", Candidate(8, 0.01))
    return RunContext([loss_seed], 4, source(world, slice(0, 50)).labels)


@pytest.mark.parametrize(
    ("best", "tried"),
    [
        (1e-3, [3e-3, 1e-3, 3e-4]),
        (3e-3, [1e-2, 3e-3, 1e-3, 3e-4]),
        (1e-2, [3e-2, 1e-2, 3e-3, 1e-3, 3e-4]),
        (1e-1, [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4]),
        (3e-4, [3e-3, 1e-3, 3e-4, 1e-4]),
        (1e-5, [3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5]),
    ],
)
def test_automatic_learning_rates_widen_at_the_side_of_the_best(world, best, tried, monkeypatch):
    def nearer_is_better(self, history, progress):
        return [engine.Best({}, {}, c, 1, 50 - abs(np.log(c.learning_rate / best))) for c in self.candidates]

    monkeypatch.setattr(engine.Stack, "train", nearer_is_better)
    seen = []
    make = engine.Stack.__init__
    monkeypatch.setattr(engine.Stack, "__init__", lambda self, c, *rest: (seen.extend(c), make(self, c, *rest))[1])
    trained = run(world, "linear", [8], "auto")
    assert sorted((c.learning_rate for c in seen), reverse=True) == tried
    assert trained.candidate == Candidate(8, best)
    edge = {1e-1: ["highest learning rate"], 1e-5: ["lowest learning rate"]}
    assert trained.edges == edge.get(best, [])


def test_a_candidate_of_an_automatic_grid_equals_itself_in_a_list(world):
    automatic = run(world, "mlp", [8], "auto")
    rates = list(dict.fromkeys(e.learning_rate for e in automatic.history))
    assert rates == sorted(rates, reverse=True)
    for rate in rates:
        alone = run(world, "mlp", [8], [rate])
        losses = [e.loss for e in automatic.history if e.learning_rate == rate]
        assert losses == pytest.approx([e.loss for e in alone.history], rel=1e-4)
    explicit = run(world, "mlp", [8], rates)
    assert (explicit.candidate, explicit.epoch) == (automatic.candidate, automatic.epoch)


@pytest.mark.parametrize(
    ("rates", "epochs", "scores", "edges"),
    [
        ([0.1, 0.01, 0.001], 2, [[1, 3, 2], [1, 2, 1]], []),
        ([0.1, 0.01, 0.001], 2, [[3, 2, 1], [2, 2, 1]], ["highest learning rate"]),
        ([0.1, 0.01, 0.001], 2, [[1, 2, 3], [1, 2, 4]], ["lowest learning rate", "last epoch"]),
        ([0.1], 2, [[2], [1]], []),
        ([0.1], 1, [[2]], []),
    ],
)
def test_a_choice_at_an_edge_says_so(world, rates, epochs, scores, edges, monkeypatch):
    left = iter(scores)
    monkeypatch.setattr(engine, "validation_map", lambda *_: [float(score) for score in next(left)])
    assert run(world, "linear", [8], rates, epochs=epochs).edges == edges


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
    assert str(trained.candidate) == str(Candidate(first.batch_size, first.learning_rate))


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
    mean, std = source(world).mean_std()
    folded = fold_standardisation(weights, mean, std)
    torch.testing.assert_close(
        apply_heads(folded, features), apply_heads(weights, (features - mean) / std), atol=1e-4, rtol=1e-4
    )


def test_a_constant_feature_does_no_harm(world):
    world[0][:, 0] = 7.0
    assert source(world).mean_std()[1][0] == 1.0
    assert np.isfinite(run(world, "linear", [8], [0.01]).history[-1].loss)


def test_moments_are_those_of_the_source(world):
    mean, std = source(world).mean_std()
    np.testing.assert_allclose(mean, world[0].mean(0), rtol=1e-5)
    np.testing.assert_allclose(std, world[0].std(0), rtol=1e-5)


def test_a_loss_that_is_not_finite_stops_training_and_says_where(world):
    world[0][3, 2] = np.nan
    with pytest.raises(InputError, match=r"found nan in epoch 1, step \d+ of 7 \(batch size 8, learning rate 0.1\)"):
        run(world, "linear", [8], [0.1], standardize=False)


def test_every_row_comes_once_per_epoch_the_last_batch_included(monkeypatch):
    monkeypatch.setattr(batches, "ROWS_SHUFFLED", 9)
    numbered = BatchSource(np.arange(10, dtype=np.float32)[:, None], np.zeros((10, 1), np.int8))
    items = [(item.rows.tolist(), item.features[:, 0].tolist()) for item in numbered.shuffled(1, 4, 1)]
    assert all(rows == features for rows, features in items)
    assert [len(rows) for rows, _ in items] == [8, 2]  # whole batches but for the last
    assert sorted(row for rows, _ in items for row in rows) == list(range(10))


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


@pytest.fixture
def feature_file(world, tmp_path):
    """A file of the world's features, in shards of unequal size."""
    shards = []
    for start, stop in SHARDS:
        shards.append(tmp_path / f"{start}.h5")
        ids = [str(row) for row in range(start, stop)]
        settings = dict.fromkeys(FEATURE_SETTINGS, "x")
        feature_files.write_shard(shards[-1], ids, [world[0][start:stop]], "float32", **settings)
    feature_files.join(tmp_path / "f.h5", shards)
    return tmp_path / "f.h5"


@pytest.mark.parametrize("batch_size", [1, 5, 8, 40, 100])
def test_mapped_features_give_the_batches_of_those_in_memory(world, feature_file, batch_size, monkeypatch):
    monkeypatch.setattr(batches, "ROWS_IN_ORDER", 16)
    monkeypatch.setattr(batches, "ROWS_SHUFFLED", 20)
    chosen = np.flatnonzero(np.random.RandomState(1).rand(70) < 0.7)
    in_memory = source(world, chosen)
    with feature_files.reading(feature_file) as stored:
        mapped = MappedBatchSource(stored, chosen, world[1][chosen])
        assert (len(mapped), mapped.widths) == (len(chosen), (9, 4))
        for epoch in (1, 2):
            pairs = zip(mapped.shuffled(1, batch_size, epoch), in_memory.shuffled(1, batch_size, epoch), strict=True)
            for one, other in pairs:
                assert all(torch.equal(*tensors) for tensors in zip(one, other, strict=True))
        for one, other in zip(mapped.in_order(), in_memory.in_order(), strict=True):
            assert all(torch.equal(*tensors) for tensors in zip(one, other, strict=True))
        assert all(torch.equal(*tensors) for tensors in zip(mapped.mean_std(), in_memory.mean_std(), strict=True))


def test_training_on_mapped_features_gives_the_same_bytes(world, feature_file):
    validation = source(world, slice(50, 70))
    with feature_files.reading(feature_file) as stored:
        mapped = MappedBatchSource(stored, np.arange(50), world[1][:50])
        one = engine.train(mapped, validation, OPTIONS, **STREAM)
    other = engine.train(source(world, slice(0, 50)), validation, OPTIONS, **STREAM)
    assert all(torch.equal(one.weights[key], other.weights[key]) for key in one.weights)
    assert one.history == other.history


def test_a_changed_row_stops_training_on_mapped_features(world, feature_file):
    with h5py.File(feature_file.parent / "31.h5", "r+") as file:
        file["feature"][2, 3] = np.nan
    with feature_files.reading(feature_file) as stored:
        mapped = MappedBatchSource(stored, np.arange(50), world[1][:50])
        with pytest.raises(InputError, match=r"31.h5: row 2 differs from what rule extract_features wrote"):
            engine.train(mapped, source(world, slice(50, 70)), OPTIONS, **STREAM)


def test_features_are_mapped_where_the_file_is_larger_than_memory_mb(tmp_path):
    settings = dict.fromkeys(FEATURE_SETTINGS, "x")
    values = np.ones((300, 1024), np.float32)  # 1.2 MB
    feature_files.write_shard(tmp_path / "s.h5", list(map(str, range(300))), [values], "float32", **settings)
    feature_files.join(tmp_path / "f.h5", [tmp_path / "s.h5"])
    with feature_files.reading(tmp_path / "f.h5") as stored:
        for memory_mb, kind in ((0, BatchSource), (2, BatchSource), (1, MappedBatchSource)):
            assert type(open_batches(stored, np.arange(10), np.ones((10, 2), np.int8), memory_mb)) is kind


def test_a_shard_in_chunks_is_not_joined(feature_file):
    shard = feature_file.parent / "31.h5"
    with h5py.File(shard, "r+") as file:
        values = file["feature"][:]
        del file["feature"]
        file.create_dataset("feature", data=values, chunks=(3, 9))
    forge.rerecord(shard)
    with pytest.raises(
        InputError, match=r"31.h5: its features are not 39 rows in one piece; delete .*31.h5, rule extract"
    ):
        feature_files.join(feature_file, [shard])


def test_options_are_read_from_the_config():
    section = {
        "loss": {"name": "em", "alpha": 0.1},
        "supervision": "observed",
        "select_on": "observed_labels",
        "head": "linear",
        "standardize": False,
        "input_dropout": 0.2,
        "weight_average": 0.9,
        "weight_decay": 0.1,
        "epochs": 2,
        "patience": None,
        "batch_sizes": [8, 16],
        "learning_rates": [0.1, 0.01],
    }
    options = TrainingOptions.from_config(section)
    assert (options.loss, options.hyperparameters, options.loss_settings) == ("em", {"alpha": 0.1}, section["loss"])
    assert (options.supervision, options.select_on) == ("observed", "observed_labels")
    assert (options.hidden, options.dropout) == (0, 0.0)
    assert (options.input_dropout, options.weight_average, options.weight_decay) == (0.2, 0.9, 0.1)
    grid = [Candidate(8, 0.1), Candidate(8, 0.01), Candidate(16, 0.1), Candidate(16, 0.01)]
    assert sorted(grid, key=options.position) == grid
    assert options.with_hyperparameters(alpha=1).loss_settings == {"name": "em", "alpha": 1}
    assert section["loss"] == {"name": "em", "alpha": 0.1}
    del section["supervision"]  # students: pseudo-labels are full supervision
    assert TrainingOptions.from_config(section).supervision == "full"
    assert TrainingOptions.from_config(section | {"learning_rates": "auto"}).learning_rates == "auto"
