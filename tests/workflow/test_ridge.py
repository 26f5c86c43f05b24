"""Ridge regression as teacher, baseline and student by the real command, to the exported model."""

import csv
import json
import re

import h5py
import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import tiny
from interrupted import bytes_of
from spml.artifacts import checkpoints, decompositions, features, records
from spml.models.kernels import KERNEL
from spml.runtime.errors import InputError

pytestmark = pytest.mark.xdist_group("ridge")
RIDGE = {"loss": "squares", "head": "ridge"}
CHANGES = {
    "seeds": [1200],
    "teachers/em": RIDGE | {"kernel": "rbf", "landmarks": 20},
    "teachers/an": RIDGE | {"kernel": "linear"},
    "teachers/full": RIDGE | {"supervision": "full"},
    "pseudo_labels/paper/taus": [0.3],
    "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
    "students/paper": RIDGE | {"pseudo_labels": "paper", "landmarks": 20},
    "students/soft": RIDGE | {"pseudo_labels": "soft", "kernel": "linear"},
    "students/either": {"pseudo_labels": "soft", "loss": "bce", "head": "auto"},
}
MODELS = {
    "teachers/em/seed_1200": "rbf_20",
    "teachers/an/seed_1200": "linear",
    "teachers/full/seed_1200": "rbf_4096",
    "students/paper/seed_1200/tau_0.30": "rbf_20",
    "students/soft/seed_1200/all": "linear",
    "students/either/seed_1200/all": "linear",
}
METRICS = [f"results/tiny/metrics/{model}.json" for model in MODELS]


def make(folder, *options):
    """Run all models from nothing to their metrics."""
    tiny.configure(tiny.make(folder), tiny.changed(tiny.CONFIG, CHANGES))
    tiny.snakemake(folder, *METRICS, *options)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of all models."""
    return make(tmp_path_factory.mktemp("ridge") / "work")


def logits(folder, model, split):
    with h5py.File(folder / f"results/tiny/{model}/logits_{split}.h5") as file:
        return list(file["image_id"].asstr()), file["logit"][:]


def test_every_model_is_made_from_one_decomposition_for_each_kernel(run):
    results = run / "results/tiny"
    found = {path.parent.name for path in (results / "features/random").glob("*/decomposition.h5")}
    assert found == {"linear", "rbf_20", "rbf_4096"}
    for model, kernel in MODELS.items():
        weights, description = checkpoints.load(results / model / "checkpoint.safetensors")
        if "either" in model:
            continue
        assert set(weights) == {"output.weight", "output.bias"} | (set() if kernel == "linear" else set(KERNEL))
        assert description["head"] == ("linear" if kernel == "linear" else "kernel")
        history = (results / model / "history.csv").read_text().splitlines()
        assert history[0] == "penalty,loss,val_map" and len(history) > 10
        best = max(float(line.split(",")[2]) for line in history[1:])
        assert best == pytest.approx(description["val_map"])
    landmarks = decompositions.read_landmarks(results / "features/random/rbf_20/landmarks.h5")[1]
    assert landmarks.shape == (20, 1024) and np.linalg.norm(landmarks, axis=1) == pytest.approx(1, abs=1e-5)
    assert tiny.planned(run, *METRICS) == {}


def test_head_auto_keeps_the_better_of_mlp_and_ridge_by_validation(run):
    folder = run / "results/tiny/students/either/seed_1200/all"
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    best = {head: max(float(row["val_map"]) for row in rows if row["head"] == head) for head in ("mlp", "ridge")}
    assert all(row["epoch"] if row["head"] == "mlp" else row["penalty"] for row in rows)
    weights, description = checkpoints.load(folder / "checkpoint.safetensors")
    assert description["val_map"] == pytest.approx(max(best.values()))
    kept = "mlp" if best["mlp"] >= best["ridge"] else "ridge"
    assert ("hidden.weight" in weights) == (description["head"] == "mlp") == (kept == "mlp")
    assert description["loss"]["name"] == {"mlp": "bce", "ridge": "squares"}[kept]
    log = (run / "results/tiny/logs/train_student/either/seed_1200/all.log").read_text()
    assert f"the head is {kept}" in log
    alone, own = checkpoints.load(run / "results/tiny/students/soft/seed_1200/all/checkpoint.safetensors")
    assert own["val_map"] == pytest.approx(best["ridge"])  # the same regression
    if kept == "ridge":
        assert all((alone[name] == weights[name]).all() for name in alone)


def test_the_exported_model_gives_the_probabilities_of_the_pipeline(run, tmp_path):
    folder = tiny.copy_run(run, tmp_path / "work")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, CHANGES | {"predict": {"model": "em", "images": "data/test"}}))
    tiny.snakemake(folder, "model", "predict")
    model = folder / "results/tiny/model"
    image_id, wanted = logits(folder, "teachers/em/seed_1200", "test")
    pictures = np.stack([np.array(Image.open(folder / f"data/test/{name}.png")) for name in image_id])
    session = onnxruntime.InferenceSession(str(model / "model.onnx"), providers=["CPUExecutionProvider"])
    program = torch.export.load(str(model / "model.pt2")).module()
    for found in (session.run(None, {"pictures": pictures})[0], program(torch.from_numpy(pictures)).numpy()):
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-wanted.astype(float))), rtol=0, atol=2e-3)
    card = (model / "README.md").read_text()
    assert "ridge" in card and "squares" in card
    assert "Probabilities are calibrated on the true validation labels" in card
    lines = (folder / "results/tiny/predictions/predictions.csv").read_text().splitlines()
    first = dict(zip(lines[0].split(","), lines[1 + sorted(image_id).index("1")].split(","), strict=True))
    assert first["image"] == "1.png"
    row = 1 / (1 + np.exp(-wanted[image_id.index("1")].astype(float)))
    assert [float(first[name]) for name in tiny.COLOURS] == pytest.approx(row, abs=2e-3)


def test_another_run_with_other_threads_gives_the_same_bytes(run, tmp_path):
    rules = ("decompose_features", "map_features", "choose_landmarks", "train_teacher", "train_student")
    again = make(tmp_path / "work", "--set-threads", *(f"{rule}=1" for rule in rules))
    one, other = (bytes_of(folder / "results/tiny") for folder in (run, again))
    assert set(one) == set(other) and [name for name in one if one[name] != other[name]] == []


@pytest.mark.parametrize("name", ["decomposition", "landmarks", "train", "train/00000"])
def test_an_artifact_that_is_damaged_is_refused_and_made_again(run, tmp_path, name):
    folder = tiny.copy_run(run, tmp_path / "work")
    path = f"results/tiny/features/random/rbf_20/{name}.h5"
    checkpoint = "results/tiny/teachers/em/seed_1200/checkpoint.safetensors"
    before = (folder / checkpoint).read_bytes()
    content = bytearray((folder / path).read_bytes())
    content[len(content) // 2] ^= 4
    (folder / path).write_bytes(content)
    (folder / checkpoint).unlink()
    code, output = tiny.snakemake(folder, checkpoint, "--rerun-triggers", "mtime", check=False)
    assert code == 1 and path in output and "delete" in output and "Traceback" not in output
    told = re.findall(r"(?:delete|and) (results/[^\s,;]+)", output)
    assert told
    for name in told:
        (folder / name).unlink(missing_ok=True)
    tiny.snakemake(folder, checkpoint, "--rerun-triggers", "mtime")
    assert (folder / checkpoint).read_bytes() == before


def test_kernel_values_of_other_landmarks_are_refused(run):
    folder = run / "results/tiny/features/random"
    with features.reading(folder / "rbf_20/test.h5") as stored:
        own, other = (records.checksum_of(folder / name / "landmarks.h5") for name in ("rbf_20", "rbf_4096"))
        features.require_kernel_values(stored, own, "a checkpoint")
        with pytest.raises(InputError, match=r"rbf_20/test.h5: found kernel values of other landmarks than those of"):
            features.require_kernel_values(stored, other, "a checkpoint")


def test_a_data_set_without_a_test_part_has_ridge_regression_with_a_kernel(tmp_path):
    folder = tiny.make(tmp_path / "work")
    changes = {"datasets/tiny/test": None, "teachers/ridge": {"loss": "squares", "head": "ridge", "kernel": "rbf"}}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    tiny.snakemake(folder, "results/tiny/metrics/teachers/ridge/seed_1200.json")
    record = json.loads((folder / "results/tiny/metrics/teachers/ridge/seed_1200.json").read_text())
    assert record["test"]["images"] == 0 and record["val"]["map_present"] > 0
