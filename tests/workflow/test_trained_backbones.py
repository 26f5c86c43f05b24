"""Models whose backbone is trained, beside frozen ones in one comparison: candidates, features, predictions, interruptions."""

import csv
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from PIL import Image

import tiny
from interrupted import Run, bytes_of, wait
from spml.artifacts import checkpoints, manifest
from spml.features import backbones
from spml.features.extractor import Scaled
from spml.features.preprocessing import of_document, resized
from spml.models.inference import predict

pytestmark = pytest.mark.xdist_group("trained_backbones")
TRAINED = {"mode": "end_to_end", "head": "linear", "epochs": 2, "batch_sizes": [8], "learning_rates": [0.001]}
CHANGES = {
    "datasets/tiny/backbone": "random",
    "backbones/random/image_size": 64,
    "backbones/tuned": {"library": "model", "model": "teachers/tuned"},
    "teachers/tuned": {"loss": "em"} | TRAINED | {"learning_rates": [0.001, 0.0001]},
    "teachers/first": {
        "loss": "role",
        "mode": "linear_init",
        "epochs": 1,
        "batch_sizes": [8],
        "learning_rates": [0.001],
    }
    | {"linear_init": {"epochs": 2, "batch_sizes": [8], "learning_rates": [0.01]}},
    "teachers/probe": {"loss": "an", "backbone": "tuned"},
    "teachers/further": {"loss": "an", "backbone": "tuned", "head": "mlp"} | TRAINED | {"head": "mlp", "epochs": 1},
    "teachers/boosted": {"loss": {"name": "ll_r", "boost": 5}} | TRAINED,
    "teachers/maps": {"loss": {"name": "spatial_consistency"}, "augment": ["flip", "random_resized_crop"]} | TRAINED,
    "pseudo_labels/paper/teacher": "tuned",
    "pseudo_labels/soft": {"teacher": ["em", "tuned"], "rule": "soft", "keep_observed": True},
    "students/deep": {"pseudo_labels": "soft", "loss": "bce", "preset": "end_to_end_fast"}
    | {"epochs": 2, "batch_sizes": [8], "learning_rates": [0.001]},
    "predict": {"images": "data/test", "model": "deep@all"},
}
CONFIG = tiny.changed(tiny.CONFIG, CHANGES)
TARGETS = ("all", "predict", "model", "exports", "gallery", "review")
DEEP = ("teachers/tuned", "teachers/first", "teachers/further", "teachers/boosted", "teachers/maps", "students/deep")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tiny.make(tmp_path_factory.mktemp("trained") / "work")
    tiny.configure(folder, CONFIG)
    tiny.snakemake(folder, *TARGETS)
    return folder


def model_folder(name, seed=1200):
    return f"{name}/seed_{seed}" + ("/all" if name.startswith("students") else "")


def logits(path):
    with h5py.File(path) as file:
        return file["image_id"].asstr()[:].tolist(), file["logit"][:]


def test_frozen_and_trained_models_stand_in_one_comparison(run):
    table = pd.read_csv(run / "results/tiny/tables/comparison.csv")
    assert {"em", "an", "full", "probe", *(name.partition("/")[2] for name in DEEP)} <= set(table["name"])
    assert table["test_map"].notna().all()
    report = (run / "results/tiny/report.html").read_text()
    assert "deep" in report and "tuned" in report
    assert not tiny.planned(run, *TARGETS)


@pytest.mark.parametrize("name", DEEP)
def test_logits_are_those_of_the_network_in_the_checkpoint(run, name):
    """From pictures to logits by the plain network, against features, their file and the head."""
    folder = run / "results/tiny" / model_folder(name)
    head, description = checkpoints.load(folder / "checkpoint.safetensors")
    options = {"library": "torchvision", "model": "shufflenet_v2_x0_5", "weights": "data/random.pth", "image_size": 64}
    options |= {"view": "pooled", "resize": "squash", "crops": 1}
    built = backbones.load(options, run / "data/random.pth", folder / "checkpoint.safetensors")
    assert description["mode"] == ("linear_init" if name == "teachers/first" else "end_to_end")
    image_id, found = logits(folder / "logits_test.h5")
    files = manifest.read(run / "results/tiny/images/test.csv")
    paths = dict(zip(files.image_id, files.path, strict=True))
    pictures = np.stack(
        [resized(Image.open(run / paths[name]).convert("RGB"), built.preprocessing) for name in image_id]
    )
    with torch.inference_mode():
        features = built.model(Scaled(built.preprocessing)(torch.from_numpy(pictures))).numpy()
    np.testing.assert_allclose(found, predict(head, features), atol=1e-3, rtol=1e-3)
    frozen = backbones.load(options, run / "data/random.pth")
    with torch.inference_mode():
        before = frozen.model(Scaled(frozen.preprocessing)(torch.from_numpy(pictures))).numpy()
    assert before.shape != features.shape or np.abs(before - features).max() > 1e-3  # it was trained


def test_the_best_candidate_is_chosen_and_the_history_has_all(run):
    for seed in (1200, 1201):
        folder = run / "results/tiny" / model_folder("teachers/tuned", seed)
        found = [
            checkpoints.load_all(folder / f"candidates/bs8_lr{rate}/checkpoint.safetensors")
            for rate in ("0.001", "0.0001")
        ]
        weights, description = checkpoints.load_all(folder / "checkpoint.safetensors")
        best = max((0, 1), key=lambda index: found[index][1]["val_map"])
        assert (
            description["candidate"] == found[best][1]["candidate"]
            and description["val_map"] == found[best][1]["val_map"]
        )
        assert all((weights[name] == value).all() for name, value in found[best][0].items())
        assert description["edges"] == [("highest" if best == 0 else "lowest") + " learning rate"]
        history = pd.read_csv(folder / "history.csv")
        assert len(history) == 4 and set(history["learning_rate"]) == {0.001, 0.0001}


def test_a_head_on_a_trained_backbone_takes_that_of_its_own_replicate(run):
    with h5py.File(run / "results/tiny/features/teachers/tuned/seed_1201/train.h5") as file:
        width = file["feature"].shape[1]
    record = json.loads((run / "results/tiny/teachers/probe/seed_1201/.checkpoint.safetensors.record").read_text())
    assert "results/tiny/features/teachers/tuned/seed_1201/train.h5" in record["inputs"]
    weights, _ = checkpoints.load_all(run / "results/tiny/teachers/probe/seed_1201/checkpoint.safetensors")
    assert weights["hidden.weight"].shape[1] == width and not any(name.startswith("backbone") for name in weights)
    record = (
        run / "results/tiny/teachers/further/seed_1201/candidates/bs8_lr0.001/.checkpoint.safetensors.record"
    ).read_text()
    assert "results/tiny/teachers/tuned/seed_1201/checkpoint.safetensors" in json.loads(record)["inputs"]


def test_a_head_that_was_trained_first_brings_the_estimates_of_role_along(run):
    first, description = checkpoints.load_part(
        run / "results/tiny" / model_folder("teachers/first") / "linear_init/checkpoint.safetensors", checkpoints.LOSS
    )
    assert description["loss"]["name"] == "role" and first["estimates"].shape[1] == len(tiny.COLOURS)
    assert np.isfinite(first["estimates"]).all()


@pytest.mark.parametrize("name", ["students/deep", "teachers/probe", "teachers/boosted"])
def test_predictions_and_programs_agree(run, name, tmp_path):
    """Of a trained model, of a head on the backbone of another one, and of boosted maps."""
    folder = run
    if name != "students/deep":
        folder = tiny.copy_run(run, tmp_path / "work")
        tiny.configure(folder, tiny.changed(CONFIG, {"predict/model": name.partition("/")[2]}))
        tiny.snakemake(folder, "predict", "model")
    model = folder / "results/tiny/model"
    choice = json.loads((model / "model.json").read_text())
    with open(folder / "results/tiny/predictions/predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    session = onnxruntime.InferenceSession(model / "model.onnx", providers=["CPUExecutionProvider"])
    how = of_document(choice["backbone"]["preprocessing"])
    image_id, tested = logits(folder / "results/tiny" / model_folder(name) / "logits_test.h5")
    files = manifest.read(folder / "results/tiny/images/test.csv")
    listed = dict(zip(files.file_name, files.image_id, strict=True))
    for row in [row for row in rows if row["image"] in listed][:4]:
        picture = resized(Image.open(folder / "data/test" / row["image"]).convert("RGB"), how)[None]
        (found,) = session.run(None, {"pictures": picture})
        wanted = [float(row[category]) for category in choice["thresholds"]]
        np.testing.assert_allclose(found[0], wanted, atol=1e-3)
        np.testing.assert_allclose(1 / (1 + np.exp(-tested[image_id.index(listed[row["image"]])])), wanted, atol=5e-3)
    done = subprocess.run(
        [sys.executable, "predict.py", str(folder / "data/test" / rows[0]["image"])],
        cwd=model,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and rows[0]["image"] in done.stdout, done.stderr
    assert "features of a trained" in (model / "README.md").read_text()


AGAIN = {  # a change to what runs: rules to jobs
    "another learning rate": (
        {"teachers/boosted/learning_rates": [0.001, 0.0003]},
        {"train_candidate": 2, "choose_candidate": 2},
    ),
    "a learning rate less": ({"teachers/tuned/learning_rates": [0.001]}, {"choose_candidate": 2}),
    "processes that prepare pictures": ({"machine/workers": 1}, {}),
    "how a first head is trained": (
        {"teachers/first/linear_init/epochs": 3},
        {"initialize_teacher": 2, "train_candidate": 2, "choose_candidate": 2},
    ),
}


@pytest.mark.parametrize(("changes", "jobs"), AGAIN.values(), ids=AGAIN)
def test_only_what_depends_on_a_change_runs_again(run, changes, jobs):
    planned = tiny.planned(run, *TARGETS, config=tiny.changed(CONFIG, changes))
    training = {"decode_pictures", "initialize_teacher", "initialize_student", "train_candidate", "choose_candidate"}
    first = {rule: count for rule, count in planned.items() if rule in training}
    if changes.get("teachers/tuned/learning_rates"):  # what learns from it, or begins with it, follows
        first["choose_candidate"] = 2
        first.pop("train_candidate", None)
    assert first == jobs
    assert "extract_features" not in planned or jobs


def test_a_job_that_is_killed_goes_on_after_its_last_epoch_and_ends_with_the_same_bytes(run, tmp_path):
    config = tiny.changed(
        CONFIG, {"teachers/tuned": CONFIG["teachers"]["tuned"] | {"epochs": 40, "learning_rates": [0.001]}}
    )
    target = "results/tiny/teachers/tuned/seed_1200/candidates/bs8_lr0.001/checkpoint.safetensors"
    results = {}
    for way in ("undisturbed", "killed"):
        folder = results[way] = tiny.copy_run(run, tmp_path / way / "work")
        tiny.configure(folder, config)
        if way == "killed":
            running = Run(tiny.command(folder, target), folder, tmp_path / "output.txt", OMP_NUM_THREADS="1")
            state = (folder / target).with_name("state.safetensors")
            wait(state.exists, "no state was written", running)
            running.kill()
            assert state.exists()
            tiny.snakemake(folder, "--unlock")
        tiny.snakemake(folder, target)
        assert not (folder / target).with_name("state.safetensors").exists()
    log = (results["killed"] / "results/tiny/logs/train_candidate/teachers/tuned/seed_1200/bs8_lr0.001.log").read_text()
    assert "training goes on after epoch" in log
    candidates = "results/tiny/teachers/tuned/seed_1200/candidates"
    assert bytes_of(results["killed"] / candidates) == bytes_of(results["undisturbed"] / candidates)


def test_a_student_without_labels_is_left_out(run, tmp_path):
    folder = tiny.copy_run(run, tmp_path / "work")
    changes = {"pseudo_labels/none": {"teacher": "em", "rule": "threshold", "taus": [0.99]}}
    changes |= {"students/none": {"pseudo_labels": "none", "loss": "bce"} | TRAINED}
    tiny.configure(folder, tiny.changed(CONFIG, changes))
    tiny.snakemake(folder, "all")
    _, description = checkpoints.load(folder / "results/tiny/students/none/seed_1200/tau_0.99/checkpoint.safetensors")
    assert description["left_out"] and description["val_map"] is None
    assert os.path.exists(folder / "results/tiny/report.html")
