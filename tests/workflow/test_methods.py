"""Every loss and rule, rounds, two networks, observation processes and observed validation, by the real command."""

import csv
import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors import safe_open

import tiny
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES

pytestmark = pytest.mark.xdist_group("methods")
SEED = {"seeds": [1200], "training/learning_rates": [0.01]}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The tiny data set with its labels and features made."""
    folder = tiny.make(tmp_path_factory.mktemp("methods") / "work")  # as deep as the copies: paths to code are relative
    tiny.configure(folder, tiny.changed(tiny.CONFIG, SEED))
    tiny.snakemake(folder, "results/tiny/labels/train.h5", *features("random"))
    return folder


@pytest.fixture
def folder(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "work", symlinks=True)
    return tmp_path / "work"


def features(backbone):
    return [f"results/tiny/features/{backbone}/{part}.h5" for part in tiny.SIZES]


def read(path, name):
    with h5py.File(path) as file:
        return file[name][:]


def metadata(path):
    with safe_open(path, "numpy") as file:
        return json.loads(file.metadata()["pseudo_multi_labels"])


def sections(name):
    """The sections of a config of docs/ as changes of tiny's."""
    shown = yaml.safe_load((tiny.ROOT / "docs" / name).read_text())
    return {f"{section}/{key}": entry for section, entries in shown.items() for key, entry in entries.items()}


def test_the_config_of_every_method_has_every_loss_and_every_rule_and_runs_to_the_comparison(folder):
    changes = sections("every_method.yaml") | SEED | {"training/epochs": 6}
    config = tiny.changed(tiny.CONFIG, changes)
    models = [*config["teachers"].values(), *config["students"].values()]
    assert {entry["loss"] for entry in models} == set(LOSSES)
    assert {entry["rule"] for entry in config["pseudo_labels"].values()} == set(RULES)
    tiny.configure(folder, config)
    output = tiny.snakemake(folder)
    results = folder / "results/tiny"
    table = pd.read_csv(results / "tables/comparison.csv", keep_default_na=False)
    assert len(table) == len(config["teachers"]) + len(config["students"]) + 2  # paper and keep_observed have two τ
    assert table["test_map"].between(0, 100).all() and table["difference_low"].notna().all()
    assert "second" in output and "em (reference)" in (results / "figures/comparison.svg").read_text()

    labels = results / "pseudo_labels"
    observed = read(results / "observed/seed_1200.h5", "observed")[read(results / "labels/train.h5", "split") == 0]
    logits = [
        read(results / f"teachers/{name}/seed_1200/logits_train.h5", "logit") for name in ("em", "gr", "role", "ll_r")
    ]
    mixed = read(labels / "soft_mixed/seed_1200/all.h5", "target")
    wanted = 1 / (1 + np.exp(-np.mean(logits, axis=0, dtype=np.float64)))
    assert mixed.astype(float) == pytest.approx(np.where(observed == 1, 1, wanted), abs=1e-3)
    assert (read(labels / "argmax/seed_1200/all.h5", "label").sum(1) == 1).all()
    true, split = (read(results / "labels/train.h5", name) for name in ("label", "split"))
    prior = np.rint(true[split == 1].mean(0) * (split == 0).sum())
    pseudo = read(labels / "class_prior/seed_1200/all.h5", "label")
    probability = logits[0]
    for category in range(4):
        taken = pseudo[:, category] * (observed[:, category] == 0) == 1
        top = np.argsort(-probability[:, category])[: int(prior[category])]
        assert set(np.flatnonzero(taken)) <= set(top) and (pseudo[top, category] == 1).all()
    band = read(labels / "band/seed_1200/tau_0.85.h5", "label")
    assert set(np.unique(band)) <= {-1, 0, 1} and (band == -1).any()
    student = metadata(results / "students/band_iu/seed_1200/tau_0.85/checkpoint.safetensors")
    assert student["loss"] == {"name": "iu"}
    k = metadata(results / "teachers/epr/seed_1200/checkpoint.safetensors")["loss"]["k"]
    assert k == pytest.approx(true[split == 1].sum(1).mean())


def test_teacher_and_students_stand_on_different_networks_and_a_student_teaches(folder):
    changes = SEED | {
        "backbones/small": tiny.CONFIG["backbones"]["random"] | {"image_size": 40},
        "students/paper/backbone": "small",
        "students/paper/head": "linear",
        "pseudo_labels/second": {"teacher": "paper@0.7", "taus": [0.5], "keep_observed": True},
        "students/second": {"pseudo_labels": "second", "loss": "bce", "hidden": 5},
        "pseudo_labels/third": {"teacher": ["second@0.5", "em"], "rule": "class_prior"},
        "students/third": {"pseudo_labels": "third", "loss": "bce"},
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    target = "results/tiny/metrics/students/third/seed_1200/all.json"
    tiny.snakemake(folder, target)
    results = folder / "results/tiny"
    assert read(folder / features("small")[0], "feature").shape == (39, 1024)
    assert metadata(results / "students/paper/seed_1200/tau_0.70/checkpoint.safetensors")["head"] == "linear"
    with safe_open(results / "students/second/seed_1200/tau_0.50/checkpoint.safetensors", "numpy") as file:
        assert file.get_tensor("hidden.weight").shape == (5, 1024)
    second = read(results / "pseudo_labels/second/seed_1200/tau_0.50.h5", "label")
    logit = read(results / "students/paper/seed_1200/tau_0.70/logits_train.h5", "logit")
    observed = read(results / "observed/seed_1200.h5", "observed")[read(results / "labels/train.h5", "split") == 0]
    assert (second == ((logit > 0) | (observed == 1))).all()
    with h5py.File(results / "pseudo_labels/third/seed_1200/all.h5") as file:
        assert file.attrs["teacher"] == "second@0.50, em"
    assert tiny.planned(folder, target) == {}


def test_losses_that_need_negatives_learn_from_observed_ones(folder):
    changes = SEED | {
        "observation": {"sampling": "size", "positives_per_image": 2, "negatives_per_image": 1},
        "teachers/iu": {"loss": "iu"},
        "teachers/partial": {"loss": "partial_bce"},
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    models = [f"results/tiny/teachers/{name}/seed_1200/checkpoint.safetensors" for name in ("iu", "partial")]
    tiny.snakemake(folder, *models, "results/tiny/figures/figure_1b.svg")
    figure = (folder / "results/tiny/figures/figure_1b.svg").read_text()
    assert "observed labels" in figure and "single positive" not in figure
    observed, true = (
        read(folder / "results/tiny" / path, name)
        for path, name in (("observed/seed_1200.h5", "observed"), ("labels/train.h5", "label"))
    )
    assert ((observed == 1).sum(1) == np.minimum(true.sum(1), 2)).all()
    assert ((observed == -1).sum(1) == np.minimum((true == 0).sum(1), 1)).all()
    assert (read(folder / "results/tiny/observed/weights_size.h5", "weight")[true == 1] >= 100).all()


def test_labels_observed_in_reality_and_choices_made_on_them(folder):
    dataset = json.loads((folder / "data/train.json").read_text())
    names = {entry["id"]: entry["name"] for entry in dataset["categories"]}
    first = {}
    for entry in dataset["annotations"]:
        first.setdefault(entry["image_id"], names[entry["category_id"]])
    with open(folder / "data/mine.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "category"])
        writer.writerows((f"{image}.png", name) for image, name in first.items())
    changes = SEED | {"observation": {"file": "data/mine.csv"}, "validation/select_on": "observed_labels"}
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
        assert "chosen on observed validation labels" in (results / f"figures/{name}.svg").read_text()
    assert "validation on observed labels" in output

    train = [image for image, part in zip(images, split, strict=True) if part == 0]
    (folder / "data/mine.csv").write_text(
        "image_id,category\n" + "".join(f"{image},{first[int(image)]}\n" for image in train)
    )
    code, output = tiny.snakemake(folder, "results/tiny/teachers/an/seed_1200/checkpoint.safetensors", check=False)
    assert code == 1 and "seed_1200.h5: no positive label among the 10 validation rows" in output

    (folder / "data/mine.csv").write_text("file_name,category\n1.png,gren\n")
    code, output = tiny.snakemake(folder, "results/tiny/observed/seed_1200.h5", check=False)
    assert code == 1 and "data/mine.csv: line 2, category: found 'gren', wanted one of red, green" in output
