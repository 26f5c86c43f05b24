"""Class priors from validation, from the user's number and by estimation, by the real command, and what takes them."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

import tiny

MODEL = "results/tiny/teachers/epr/seed_1200/checkpoint.safetensors"
LABELS = "results/tiny/pseudo_labels/cap/seed_1200/all.h5"
CHANGES = {
    "seeds": [1200],
    "training/learning_rates": [0.01],
    "teachers/epr": {"loss": "epr"},
    "pseudo_labels/cap": {"teacher": "em", "rule": "class_prior"},
    "students/cap": {"pseudo_labels": "cap", "loss": "bce"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("priors") / "work")


def made(folder, **priors):
    """Run to the model and the labels that take the priors; return their table, the k of the model, and the labels."""
    tiny.configure(folder, tiny.changed(tiny.CONFIG, CHANGES | {"priors": priors}))
    tiny.snakemake(folder, MODEL, LABELS)
    with safe_open(folder / MODEL, "numpy") as file:
        k = json.loads(file.metadata()["pseudo_multi_labels"])["loss"]["k"]
    with h5py.File(folder / LABELS) as file:
        labels = file["label"][:][file["split"][:] == 0]  # the rows that are ranked
    return pd.read_csv(folder / "results/tiny/priors/seed_1200.csv"), k, labels


def test_priors_come_from_validation_from_a_number_or_from_a_teacher(folder):
    table, k, labels = made(folder)
    with h5py.File(folder / "results/tiny/labels/train.h5") as file:
        true, split = file["label"][:], file["split"][:]
    assert list(table["category"]) == list(tiny.COLOURS)
    assert table["prior"].to_numpy() == pytest.approx(true[split == 1].mean(0))
    assert k == pytest.approx(true[split == 1].sum(1).mean())
    assert (labels.sum(0) == np.rint(table["prior"] * len(labels))).all()

    table, k, labels = made(folder, labels_per_image=2.5)
    assert k == pytest.approx(2.5) and table["prior"].sum() == pytest.approx(2.5)
    factors = (table["prior"] / table["observed_rate"]).to_numpy()
    assert factors == pytest.approx(2.5 / table["observed_rate"].sum())
    assert (labels.sum(0) == np.rint(table["prior"] * len(labels))).all()

    table, k, labels = made(folder, method="estimated", teacher="an")
    assert (folder / "results/tiny/teachers/an/seed_1200/logits_val.h5").is_file()
    assert (table["prior"] >= table["observed_rate"]).all() and (table["prior"] <= 1).all()
    assert k == pytest.approx(table["prior"].sum()) and k != pytest.approx(2.5)
    assert "estimated: " in (folder / "results/tiny/logs/estimate_priors/seed_1200.log").read_text()
    assert tiny.planned(folder, MODEL, LABELS) == {}
