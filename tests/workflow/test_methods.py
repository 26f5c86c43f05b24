"""Every loss and rule, rounds, two networks, observed negatives and choices on observed labels, by the real command."""

import csv
import json

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors import safe_open

import tiny
from spml.artifacts.codes import ObservedLabel, PseudoLabel
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES, NEEDS_MAPS

pytestmark = pytest.mark.xdist_group("methods")
SEED = {"seeds": [1200], "training/learning_rates": [0.01]}


def features(backbone):
    return [f"results/tiny/features/{backbone}/{part}.h5" for part in tiny.SIZES]


def read(path, name):
    with h5py.File(path) as file:
        return file[name][:]


def training(path, name):
    """What a file of the whole training part has of the training rows."""
    return read(path, name)[read(path, "split") == 0]


def metadata(path):
    with safe_open(path, "numpy") as file:
        return json.loads(file.metadata()["pseudo_multi_labels"])


def sections(name):
    """The sections of a config of docs/ as changes of tiny's."""
    shown = yaml.safe_load((tiny.ROOT / "docs" / name).read_text())
    return {f"{section}/{key}": entry for section, entries in shown.items() for key, entry in entries.items()}


def every_method():
    """docs/every_method.yaml over the tiny configuration, with more observed labels, a second network and more rounds."""
    changes = sections("every_method.yaml") | SEED | {"training/epochs": 6}
    changes |= {
        "observation": {"sampling": "size", "positives_per_image": 2, "negatives_per_image": 1},
        "teachers/em/label": "Entropy maximisation",
        "pseudo_labels/top_k/k": 5,  # of 29 training images
        "teachers/gr": {"loss": "gr"},  # of config.yaml, which docs/every_method.yaml is laid over
        "teachers/ll_r": {"loss": "ll_r"},
        "teachers/iu": {"loss": "iu"},
        "teachers/partial_bce": {"loss": "partial_bce"},
        "backbones/small": tiny.CONFIG["backbones"]["random"] | {"image_size": 40},
        "students/paper/backbone": "small",
        "students/paper/head": "linear",
        "pseudo_labels/next": {"teacher": "paper@0.7", "taus": [0.5], "keep_observed": True},
        "students/next": {"pseudo_labels": "next", "loss": "bce", "hidden": 5},
        "pseudo_labels/third": {"teacher": ["next@0.5", "em"], "rule": "class_prior"},
        "students/third": {"pseudo_labels": "third", "loss": "bce"},
    }
    return tiny.changed(tiny.CONFIG, changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the output of a run of all methods to the report."""
    folder = tiny.make(tmp_path_factory.mktemp("methods") / "work")  # as deep as the copies: paths to code are relative
    tiny.configure(folder, every_method())
    return folder, tiny.snakemake(folder)


@pytest.fixture(scope="module")
def results(run):
    return run[0] / "results/tiny"


@pytest.fixture(scope="module")
def true(results):
    """The true labels of the training part, and which rows are training rows."""
    return read(results / "labels/train.h5", "label"), read(results / "labels/train.h5", "split") == 0


@pytest.fixture(scope="module")
def observed(results, true):
    """What is observed of the training rows."""
    return read(results / "observed/seed_1200.h5", "observed")[true[1]]


def test_every_loss_and_every_rule_runs_to_the_comparison(run, results):
    config, output = every_method(), run[1]
    models = [*config["teachers"].values(), *config["students"].values()]
    assert {entry["loss"] for entry in models} == set(LOSSES) - set(NEEDS_MAPS)  # features have no score maps
    rules = {entry.get("rule", "threshold") for entry in config["pseudo_labels"].values()}
    assert rules == set(RULES)
    table = pd.read_csv(results / "tables/comparison.csv", keep_default_na=False)
    assert (
        len(table) == len(config["teachers"]) + len(config["students"]) + 3
    )  # paper, keep_observed and em_pl have two τ
    assert table["test_map"].between(0, 100).all() and table["difference_low"].notna().all()
    figure = (results / "figures/comparison.svg").read_text()
    assert "second" in output and "Entropy maximisation (reference)" in figure


def test_as_many_labels_are_observed_as_asked_for_and_figures_say_so(results, true):
    observed, labels = read(results / "observed/seed_1200.h5", "observed"), true[0]
    positives, negatives = ((observed == code).sum(1) for code in (ObservedLabel.PRESENT, ObservedLabel.ABSENT))
    assert (positives == np.minimum(labels.sum(1), 2)).all()
    assert (negatives == np.minimum((labels == 0).sum(1), 1)).all()
    assert (read(results / "observed/weights_size.h5", "weight")[labels == 1] >= 100).all()
    figure = (results / "figures/figure_1b.svg").read_text()
    assert "observed labels" in figure and "single positive" not in figure


def test_rules_make_of_the_logits_what_they_say(results, true, observed):
    labels = results / "pseudo_labels"
    present, absent = observed == ObservedLabel.PRESENT, observed == ObservedLabel.ABSENT
    logits = [
        training(results / f"teachers/{name}/seed_1200/logits_train.h5", "logit")
        for name in ("em", "gr", "role", "ll_r")
    ]
    mixed = training(labels / "soft_mixed/seed_1200/all.h5", "target")
    wanted = 1 / (1 + np.exp(-np.mean(logits, axis=0, dtype=np.float64)))
    assert mixed.astype(float) == pytest.approx(np.where(present, 1, np.where(absent, 0, wanted)), abs=1e-3)
    assert (training(labels / "argmax/seed_1200/all.h5", "label").sum(1) == 1).all()
    prior = np.rint(true[0][~true[1]].mean(0) * true[1].sum())
    pseudo = training(labels / "class_prior/seed_1200/all.h5", "label")
    for category in range(4):
        taken = (pseudo[:, category] == 1) & ~present[:, category]
        top = np.argsort(-logits[0][:, category])[: int(prior[category])]
        assert set(np.flatnonzero(taken)) <= set(top)
        assert (pseudo[top, category] == ~absent[top, category]).all()
    band = training(labels / "band/seed_1200/tau_0.85.h5", "label")
    assert set(np.unique(band)) <= set(PseudoLabel) and (band == PseudoLabel.IGNORED).any()


def test_thresholds_by_category_are_estimated_from_the_logits(results, observed):
    labels = results / "pseudo_labels"
    logit = training(results / "teachers/em/seed_1200/logits_train.h5", "logit")
    present, absent = observed == ObservedLabel.PRESENT, observed == ObservedLabel.ABSENT
    probability = 1 / (1 + np.exp(-logit.astype(np.float64)))
    means = probability.mean(0)
    above = probability > probability.max(1).mean() * means / means.max()
    assert (training(labels / "adaptive/seed_1200/all.h5", "label") == (above | present) & ~absent).all()
    sets = training(labels / "conformal/seed_1200/all.h5", "label")
    for category in range(4):
        scores = np.sort(logit[present[:, category], category])
        if len(scores) >= 9:  # as many as a rate of 0.1 needs
            inside = logit[:, category] >= scores[int(0.1 * (len(scores) + 1)) - 1]
            assert (sets[:, category] == (inside | present[:, category]) & ~absent[:, category]).all()
    with h5py.File(labels / "conformal/seed_1200/all.h5") as file:
        assert file.attrs["error_rate"] == 0.1 and file.attrs["calibrate_on"] == "observed"
    numbers = training(labels / "cardinality/seed_1200/all.h5", "label").sum(1)
    assert 0 < numbers.mean() < 4


def test_checkpoints_say_which_loss_they_are_of(results, true):
    student = metadata(results / "students/band_iu/seed_1200/tau_0.85/checkpoint.safetensors")
    assert student["loss"] == {"name": "iu"}
    k = metadata(results / "teachers/epr/seed_1200/checkpoint.safetensors")["loss"]["k"]
    assert k == pytest.approx(true[0][~true[1]].sum(1).mean())


def test_teacher_and_students_stand_on_different_networks_and_a_student_teaches(run, results, observed):
    assert read(run[0] / features("small")[0], "feature").shape == (39, 1024)
    assert metadata(results / "students/paper/seed_1200/tau_0.70/checkpoint.safetensors")["head"] == "linear"
    with safe_open(results / "students/next/seed_1200/tau_0.50/checkpoint.safetensors", "numpy") as file:
        assert file.get_tensor("hidden.weight").shape == (5, 1024)
    second = training(results / "pseudo_labels/next/seed_1200/tau_0.50.h5", "label")
    logit = training(results / "students/paper/seed_1200/tau_0.70/logits_train.h5", "logit")
    kept = np.where(observed == 0, logit > 0, observed == ObservedLabel.PRESENT)
    assert (second == kept).all()
    with h5py.File(results / "pseudo_labels/third/seed_1200/all.h5") as file:
        assert file.attrs["teacher"] == "next@0.50, em"
    assert tiny.planned(run[0]) == {}


def test_labels_observed_in_reality_and_choices_made_on_them(run, tmp_path):
    folder = tiny.copy_run(run[0], tmp_path / "work")  # labels and features are made
    dataset = json.loads((folder / "data/train.json").read_text())
    names = {entry["id"]: entry["name"] for entry in dataset["categories"]}
    first = {}
    for entry in dataset["annotations"]:
        first.setdefault(entry["image_id"], names[entry["category_id"]])
    with open(folder / "data/mine.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "category"])
        writer.writerows((f"{image}.png", name) for image, name in first.items())
    changes = SEED | {
        "observation": {"file": "data/mine.csv"},
        "validation/select_on": "observed_labels",
        "teachers/an": None,
        "figures/baselines": ["em", "full"],
        "pseudo_labels/paper/taus": [0.5],
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    output = tiny.snakemake(folder)
    results = folder / "results/tiny"
    observed = read(results / "observed/seed_1200.h5", "observed")
    with h5py.File(results / "labels/train.h5") as file:
        images, category, split = file["image_id"].asstr()[:], list(file["category"].asstr()), file["split"][:]
    assert [category[row.argmax()] for row in observed] == [first[int(image)] for image in images]
    assert (observed.sum(1) == 1).all()
    assert metadata(results / "teachers/full/seed_1200/checkpoint.safetensors")["select_on"] == "observed_labels"
    metrics = json.loads((results / "metrics/teachers/full/seed_1200.json").read_text())
    assert metrics["select_on"] == "observed_labels"
    present = (observed[split == 1] == 1).any(0).sum()
    assert metrics["val"]["categories_present"] == present
    for name in ("figure_1a", "comparison"):
        assert "selected on observed validation labels" in (results / f"figures/{name}.svg").read_text()
    assert "selected on observed validation labels" in output

    train = [image for image, part in zip(images, split, strict=True) if part == 0]
    (folder / "data/mine.csv").write_text(
        "image_id,category\n" + "".join(f"{image},{first[int(image)]}\n" for image in train)
    )
    code, output = tiny.snakemake(folder, "results/tiny/teachers/em/seed_1200/checkpoint.safetensors", check=False)
    assert code == 1 and "seed_1200.h5: no positive label among the 10 validation rows" in output
