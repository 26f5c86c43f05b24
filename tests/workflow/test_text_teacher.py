"""A teacher that compares pictures with texts, from pictures to figures, predictions and an exported model."""

import csv
import json

import h5py
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import yaml
from safetensors import safe_open

import tiny
import tiny_clip
from spml.data import demo
from spml.features.preprocessing import of_document, resized

pytestmark = pytest.mark.xdist_group("text_teacher")
TRAIN, TEST = 160, 80
NAMES = {"disc": ["disc", "ring"], "bar": "bar"}  # the second of disc is wrong, and is averaged with the first

CONFIG = tiny.CONFIG | {
    "dataset": "demo",
    "datasets": {"demo": {"source": "demo", "backbone": "clip"}},
    "backbones": {
        "clip": {"library": "open_clip", "model": "local-dir:clip", "precision": "float32"},
        "grid": {"library": "open_clip", "model": "local-dir:clip", "precision": "float32", "crops": "grid"},
    },
    "seeds": [1200],
    "teachers": {
        "clip": {"text": {"backbone": "clip", "prompts": [tiny_clip.PROMPT], "debias": True}, "label": "Texts"},
        "near": {
            "text": {
                "backbone": "grid",
                "prompts": [tiny_clip.PROMPT, "{}"],
                "names": "names.yaml",
                "crops": "maximum",
            }
        },
        "em": {"loss": "em"},
    },
    "pseudo_labels": {
        "paper": {"teacher": "em", "taus": [0.5]},
        "text": {"teacher": "clip", "taus": [0.3]},
        "mixed": {"teacher": ["clip", "em"], "rule": "soft", "keep_observed": True},
        "prior": {"teacher": "clip", "rule": "class_prior"},
        "band": {"teacher": "clip", "rule": "band", "taus": [0.5], "tau_low": 0.01},
    },
    "students": {
        "paper": {"pseudo_labels": "paper", "loss": "bce"},
        "vlpl": {"pseudo_labels": "text", "loss": "em_pl"},
        "aevlp": {"pseudo_labels": "band", "loss": "gpr"},
        "mixed": {"pseudo_labels": "mixed", "loss": "bce"},
        "prior": {"pseudo_labels": "prior", "loss": "bce"},
    },
    "figures": {"students": "vlpl", "baselines": ["clip", "em"]},
    "comparison": {"reference": "clip"},
    "predict": {"model": "near", "images": "new"},
    "demo": {"train": TRAIN, "test": TEST},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the output of a run to the report, and to predictions with the texts alone."""
    folder = tmp_path_factory.mktemp("text") / "work"
    folder.mkdir()
    tiny_clip.make(folder / "clip")
    (folder / "names.yaml").write_text(yaml.safe_dump(NAMES))
    random = np.random.RandomState(9)
    (folder / "new").mkdir()
    for number in range(6):
        demo.scene(random)[0].save(folder / f"new/{number}.png")
    tiny.configure(folder, CONFIG)
    return folder, tiny.snakemake(folder, "all", "predict", "model")


@pytest.fixture(scope="module")
def results(run):
    return run[0] / "results/demo"


def read(path, name):
    with h5py.File(path) as file:
        return file[name][:]


def test_pictures_are_labelled_by_the_names_of_the_categories_better_than_by_chance(results):
    scores = pd.read_csv(results / "tables/map.csv", keep_default_na=False)
    texts = scores[scores["name"] == "clip"]
    chance = 100 * read(results / "labels/test.h5", "label").mean()
    assert len(texts) == 1
    assert texts["test_map"].iloc[0] > chance + 10, (texts["test_map"], chance)
    metrics = json.loads((results / "metrics/teachers/clip/all_seeds.json").read_text())
    assert metrics["test"]["map"] == pytest.approx(texts["test_map"].iloc[0], abs=0.01)


def test_logits_are_the_similarity_of_pictures_and_texts(results):
    text, category = read(results / "text/clip.h5", "feature"), read(results / "text/clip.h5", "category")
    assert [name.decode() for name in category] == list(demo.CATEGORIES)
    assert np.linalg.norm(text, axis=1) == pytest.approx(np.ones(len(text)), abs=1e-5)
    with h5py.File(results / "text/clip.h5") as file:
        assert json.loads(file["text"].asstr()[0]) == [tiny_clip.PROMPT.format("disc")]
        temperature = file.attrs["temperature"]
    shards = sorted((results / "features/clip/train").glob("*.h5"))
    pictures = np.concatenate([read(path, "feature") for path in shards]).astype(np.float64)
    cosines = pictures @ text.T / np.linalg.norm(pictures, axis=1, keepdims=True)
    training = read(results / "labels/train.h5", "split") == 0
    scores = np.exp((cosines - cosines[training].mean(0)) / temperature)
    wanted = scores / scores.sum(1, keepdims=True)
    logits = read(results / "teachers/clip/all_seeds/logits_train.h5", "logit")
    assert 1 / (1 + np.exp(-logits.astype(np.float64))) == pytest.approx(wanted, abs=2e-3)
    pseudo = read(results / "pseudo_labels/text/seed_1200/tau_0.30.h5", "label")
    assert (pseudo == (logits > np.log(0.3 / 0.7))).mean() > 0.999


def test_names_and_prompts_are_averaged_and_means_are_left_in_where_asked(results):
    with h5py.File(results / "text/near.h5") as file:
        texts = {
            name: json.loads(own) for name, own in zip(file["category"].asstr(), file["text"].asstr(), strict=True)
        }
    assert texts["disc"] == ["a drawing of a disc.", "disc", "a drawing of a ring.", "ring"]
    assert texts["bar"] == ["a drawing of a bar.", "bar"]
    with safe_open(results / "teachers/near/all_seeds/checkpoint.safetensors", "numpy") as file:
        assert (file.get_tensor("text.offset") == 0).all()
    with safe_open(results / "teachers/clip/all_seeds/checkpoint.safetensors", "numpy") as file:
        assert file.get_tensor("text.offset").any()


def test_the_nearest_crop_counts_where_asked(results):
    shards = sorted((results / "features/grid/test").glob("*.h5"))
    crops = np.concatenate([read(path, "crop_feature") for path in shards]).astype(np.float64)
    assert crops.shape == (TEST, 5, 32)
    cosines = crops @ read(results / "text/near.h5", "feature").T / np.linalg.norm(crops, axis=2, keepdims=True)
    with h5py.File(results / "text/near.h5") as file:
        scores = np.exp(cosines.max(1) / file.attrs["temperature"])
    logits = read(results / "teachers/near/all_seeds/logits_test.h5", "logit").astype(np.float64)
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(scores / scores.sum(1, keepdims=True), abs=2e-3)


def test_averages_and_students_learn_from_them(run, results):
    for name, variant in (("vlpl", "tau_0.30"), ("aevlp", "tau_0.50"), ("mixed", "all"), ("prior", "all")):
        assert (results / f"students/{name}/seed_1200/{variant}/checkpoint.safetensors").is_file()
    logits = [
        read(results / f"teachers/{folder}/logits_train.h5", "logit").astype(np.float64)
        for folder in ("clip/all_seeds", "em/seed_1200")
    ]
    observed = read(results / "observed/seed_1200.h5", "observed")
    mixed = read(results / "pseudo_labels/mixed/seed_1200/all.h5", "target").astype(np.float64)
    wanted = np.where(observed == 1, 1, 1 / (1 + np.exp(-(logits[0] + logits[1]) / 2)))
    assert mixed == pytest.approx(wanted, abs=2e-3)
    assert tiny.planned(run[0]) == {}


def test_figures_and_the_report_show_it_as_a_line_that_used_no_label(run, results):
    figure = (results / "figures/figure_1a.svg").read_text()
    assert "Texts (no" in figure  # the label is broken into lines
    assert "Texts (no labels)" in (results / "figures/comparison.svg").read_text()
    assert "Texts (no labels)" not in (results / "figures/training.svg").read_text()
    comparison = pd.read_csv(results / "tables/comparison.csv", keep_default_na=False)
    assert set(comparison["reference"]) == {"clip"}
    report = (results / "report.html").read_text()
    assert "Texts (no labels)" in report and "make_text_teacher" in report
    recorded = json.loads((results / "provenance.json").read_text())["config"]
    assert recorded["teachers"]["clip"]["prompts"] == [tiny_clip.PROMPT]


def test_it_predicts_new_pictures_and_is_exported(run, results):
    with open(results / "predictions/predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    card = (results / "model/README.md").read_text()
    assert "not trained" in card and "Features are the mean" not in card
    session = onnxruntime.InferenceSession(str(results / "model/model.onnx"), providers=["CPUExecutionProvider"])
    how = of_document(json.loads((results / "model/model.json").read_text())["backbone"]["preprocessing"])
    pictures = [demo.Image.open(run[0] / f"new/{number}.png").convert("RGB") for number in range(6)]
    pixels = np.stack([resized(picture, how) for picture in pictures])
    assert pixels.shape == (6, 5, 96, 96, 3)
    found = session.run(None, {"pictures": pixels})[0]
    wanted = np.array([[float(row[name]) for name in demo.CATEGORIES] for row in rows])
    assert found == pytest.approx(wanted, abs=2e-3)
