"""A run that ends early and is started again, against one that goes through."""

import dataclasses
import os
import signal
import subprocess
import sys

import pytest
import safetensors.numpy
import torch

import small_network
import tiny
from small_network import CANDIDATE, MLP, OPTIONS
from spml.artifacts.pictures import write_shard
from spml.finetuning import fit as fitting
from spml.finetuning import state
from spml.finetuning.loop import Run
from spml.runtime.errors import InputError
from spml.training.options import Candidate

SETTINGS = {
    "role": {"k": 1.7},
    "em_apl": {"alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 1},
    "ll_cp": {"delta": 5},
    "csl": {"warmup": 2},
    "expected_negatives": {"k": 1.7},
    "an": {},
    "spatial_consistency": {"k": 1.7, "warmup": 1},
}
LINEAR = {"head": "linear", "hidden": 0, "dropout": 0.0}
RECIPE = {"schedule": "one_cycle", "weight_average": 0.9, "weight_decay": 0.1, "augment": ("flip",), **MLP}


def options(loss, **changes):
    return dataclasses.replace(OPTIONS, loss=loss, hyperparameters=SETTINGS[loss], **{**RECIPE, **changes})


@pytest.fixture
def world():
    return small_network.World()


@pytest.fixture
def shards(world, tmp_path):
    ids = world.matrix().image_id
    paths = [tmp_path / "pictures" / f"{number}.h5" for number in range(2)]
    preprocessing = small_network.backbone().preprocessing.text()
    for path, part in zip(paths, (slice(0, 30), slice(30, None)), strict=True):
        write_shard(path, ids[part], [world.pixels[part]], preprocessing)
    return paths


def result(model):
    """All that is written of a model: the bytes of its weights, its description and its history."""
    return safetensors.numpy.save(dict(model.weights)), dict(model.description), list(model.history)


class Stopped(Exception):
    """Stands for the end of the process."""


def stop_after(monkeypatch, epochs):
    """End training once the state of so many epochs is written."""

    def write(path, settings, after):
        state.write_state(path, settings, after)
        if len(after.document["history"]) == epochs:
            raise Stopped

    monkeypatch.setattr(fitting, "write_state", write)


@pytest.mark.parametrize("loss", SETTINGS)
def test_a_run_that_ends_after_any_epoch_and_goes_on_gives_the_same_bytes(world, shards, tmp_path, loss, monkeypatch):
    settings = options(loss, **LINEAR if loss == "spatial_consistency" else {})
    whole = result(world.fit(shards, tmp_path / "whole.safetensors", settings))
    for epochs in range(1, OPTIONS.epochs + 1):
        path = tmp_path / f"{epochs}.safetensors"
        with monkeypatch.context() as patched:
            stop_after(patched, epochs)
            with pytest.raises(Stopped):
                world.fit(shards, path, settings)
        assert result(world.fit(shards, path, settings)) == whole, epochs


def test_a_run_that_waits_for_a_gain_goes_on_with_its_patience(world, shards, tmp_path, monkeypatch):
    scores = [50.0, 60.0, 60.0, 60.0, 70.0]

    def score(self, network):
        return scores[len(self.history)]

    monkeypatch.setattr(Run, "_validation_map", score)
    patient = options("an", epochs=9, patience=2)
    with monkeypatch.context() as patched:
        stop_after(patched, 3)
        with pytest.raises(Stopped):
            world.fit(shards, tmp_path / "state.safetensors", patient)
    model = world.fit(shards, tmp_path / "state.safetensors", patient)
    assert [row["val_map"] for row in model.history] == scores[:4]
    assert (model.description["epoch"], model.val_map) == (2, 60.0)


KILLED = {  # where the process kills itself
    "in an epoch": (
        "from spml.finetuning.steps import Steps\n"
        "step = Steps.__call__\n"
        "def call(self, batch):\n"
        "    if self.done == 12: kill()\n"
        "    return step(self, batch)\n"
        "Steps.__call__ = call\n"
    ),
    "before the state is in place": (
        "replace = os.replace\n"
        "def move(source, target):\n"
        "    global count\n"
        "    count += str(target).endswith('state.safetensors')\n"
        "    if count == 3: kill()\n"
        "    replace(source, target)\n"
        "count, os.replace = 0, move\n"
    ),
    "in the middle of a state": (
        "import safetensors.torch\n"
        "save = safetensors.torch.save_file\n"
        "def half(tensors, path, metadata):\n"
        "    global count\n"
        "    count += 1\n"
        "    save(tensors, path, metadata)\n"
        "    if count == 2:\n"
        "        os.truncate(path, os.path.getsize(path) // 2)\n"
        "        kill()\n"
        "count, safetensors.torch.save_file = 0, half\n"
    ),
}
PROGRAM = """
import os, signal, sys
def kill(): os.kill(os.getpid(), signal.SIGKILL)
{where}
import small_network
from test_resume import options
small_network.World().fit(sys.argv[2:], sys.argv[1], options("role"), workers=2)
"""


@pytest.mark.parametrize("where", KILLED)
def test_kill_9_and_a_restart_give_the_same_bytes(world, shards, tmp_path, where):
    """The first process could use two threads, and prepares pictures in two others."""
    path = tmp_path / "state.safetensors"
    program = PROGRAM.format(where=KILLED[where])
    folders = [tiny.ROOT / "workflow_scripts", tiny.ROOT / "tests", tiny.ROOT / "tests" / "unit" / "finetuning"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", program, str(path), *map(str, shards)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.exists()
    resumed = result(world.fit(shards, path, options("role")))
    assert resumed == result(world.fit(shards, tmp_path / "whole.safetensors", options("role")))
    assert [file.name for file in tmp_path.glob(".*.part")] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "other"},
        {"options": options("an", weight_decay=0.2)},
        {"candidate": Candidate(8, 0.02)},
        {"precision": "bfloat16"},
    ],
    ids=["inputs", "options", "candidate", "precision"],
)
def test_a_state_of_other_settings_is_not_taken(world, shards, tmp_path, monkeypatch, capsys, changes):
    path = tmp_path / "state.safetensors"
    with monkeypatch.context() as patched:
        stop_after(patched, 2)
        with pytest.raises(Stopped):
            world.fit(shards, path, options("an"))
    changed = {"options": options("an"), "fingerprint": "", "candidate": CANDIDATE} | changes
    resumed = world.fit(shards, path, **changed)
    assert "a state that is of other settings or inputs; training begins anew" in capsys.readouterr().out
    assert result(resumed) == result(world.fit(shards, tmp_path / "anew.safetensors", **changed))


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (flipped, "damaged"),
        (lambda path: os.truncate(path, 1000), "not readable"),
        (lambda path: path.write_bytes(b""), "not readable"),
        (lambda path: safetensors.numpy.save_file({}, path), "not readable"),
    ],
    ids=["a bit", "half", "empty", "another file"],
)
def test_a_damaged_state_is_not_taken(world, shards, tmp_path, monkeypatch, capsys, damage, reason):
    path = tmp_path / "state.safetensors"
    with monkeypatch.context() as patched:
        stop_after(patched, 2)
        with pytest.raises(Stopped):
            world.fit(shards, path, options("an"))
    damage(path)
    resumed = result(world.fit(shards, path, options("an")))
    assert f"found a state that is {reason}" in capsys.readouterr().out
    assert resumed == result(world.fit(shards, tmp_path / "anew.safetensors", options("an")))


def test_a_model_begins_with_a_head_and_with_the_estimates_of_its_loss(world, shards, tmp_path):
    whole = world.fit(shards, tmp_path / "1.safetensors", options("role", **LINEAR))
    begin = {name: whole.weights[name] for name in ("output.weight", "output.bias")}
    estimates = torch.full((small_network.TRAINING, small_network.CATEGORIES), -3.0).numpy()
    other = {"mode": "linear_init", **LINEAR}
    with_estimates, without = (
        world.fit(shards, tmp_path / f"{number}.safetensors", options("role", **other), start)
        for number, start in enumerate((begin | {"loss.estimates": estimates}, begin), 2)
    )
    assert with_estimates.history[0]["loss"] != without.history[0]["loss"]
    run = world.run(options("role", **other))
    steps = run.steps
    steps.loss.load_state({"estimates": torch.from_numpy(estimates)[None]})
    steps.network.head.load_state_dict({name: torch.from_numpy(value) for name, value in begin.items()})
    run.train(lambda after: None)
    assert [dataclasses.asdict(row) for row in run.history] == list(with_estimates.history)
    assert with_estimates.description == {
        "mode": "linear_init",
        "head": "linear",
        "loss": {"name": "role", "k": 1.7},
        "candidate": {"batch_size": 8, "learning_rate": 0.01},
        "epoch": run.best.epoch,
        "edges": [],
        "val_map": run.best.val_map,
    }


def test_the_weights_are_those_of_head_and_backbone_and_give_the_map_reported(world, shards, tmp_path):
    model = world.fit(shards, tmp_path / "state.safetensors", options("an"))
    run = world.run(options("an"))
    backbone = {
        name.removeprefix("backbone."): torch.from_numpy(value)
        for name, value in model.weights.items()
        if name.startswith("backbone.")
    }
    head = {name: torch.from_numpy(value) for name, value in model.weights.items() if not name.startswith("backbone.")}
    run.steps.network.backbone.load_state_dict(backbone)
    run.steps.network.head.load_state_dict(head)
    assert run._validation_map(run.steps.network.eval()) == model.val_map


def test_pictures_of_another_preprocessing_are_refused(world, shards, tmp_path):
    how = small_network.backbone().preprocessing
    for shard in shards:
        os.unlink(shard)
    write_shard(shards[0], world.matrix().image_id, [world.pixels], how._replace(resize="crop").text())
    with pytest.raises(InputError, match=r'0\.h5: found pictures prepared by .*"crop".*, wanted .*"squash"'):
        world.fit(shards[:1], tmp_path / "state.safetensors")


def test_pictures_of_other_images_are_refused(world, shards, tmp_path):
    with pytest.raises(InputError, match=r"image_id: labels\.h5 has 52, .*0\.h5 has 30"):
        world.fit(shards[:1], tmp_path / "state.safetensors")
