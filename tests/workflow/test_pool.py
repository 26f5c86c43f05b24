"""Images without labels, and a student that is trained on them first, by the real command."""

import csv
import json
import shutil

import h5py
import numpy as np
import pytest
from safetensors import safe_open

import tiny

POOL = 7
SEED = {"seeds": [1200], "training/learning_rates": [0.01]}
STAGES = [{"train_on": "pool", "epochs": 2}, {"train_on": "observed", "loss": "em", "batch_sizes": [16]}]
CHANGES = SEED | {
    "datasets/tiny/pool": {"images": "data/pool"},
    "pseudo_labels/top": {"teacher": "an", "rule": "top_k", "k": 2, "split": "pool"},
    "students/yalniz": {"pseudo_labels": "top", "loss": "bce", "stages": STAGES},
    "students/rounds": {
        "pseudo_labels": "paper",
        "loss": "bce",
        "stages": [{"train_on": "pseudo_labels"}, {"train_on": "observed", "loss": "an"}],
    },
}


def read(path, name):
    with h5py.File(path) as file:
        return file[name][:]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tiny.make(tmp_path_factory.mktemp("pool") / "work")
    pool = folder / "data/pool/summer"
    pool.mkdir(parents=True)
    for number in range(1, POOL + 1):
        shutil.copy(folder / f"data/test/{number}.png", pool / f"{number}.png")
    (folder / "data/pool/notes.txt").write_text("no picture")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, CHANGES))
    tiny.snakemake(folder)
    return folder, folder / "results/tiny"


def test_the_pool_is_listed_and_has_features_but_no_label(run):
    with open(run[1] / "images/pool.csv", newline="") as file:
        names = [row["image_id"] for row in csv.DictReader(file)]
    assert names == [f"summer/{number}.png" for number in range(1, POOL + 1)]
    assert "notes.txt" in (run[1] / "images/pool_left_out.csv").read_text()
    assert (read(run[1] / "labels/pool.h5", "label") == -1).all()
    assert "pool" in (run[1] / "report.html").read_text()
    assert read(run[1] / "features/random/pool.h5", "feature").shape == (POOL, 1024)


def test_the_highest_of_the_pool_are_its_pseudo_labels(run):
    logits = read(run[1] / "teachers/an/seed_1200/logits_pool.h5", "logit")
    pseudo = read(run[1] / "pseudo_labels/top/seed_1200/all.h5", "label")
    assert (pseudo.sum(0) == 2).all()
    for category in range(4):
        assert set(np.flatnonzero(pseudo[:, category])) == set(np.argsort(-logits[:, category], kind="stable")[:2])
    with open(run[1] / "pseudo_labels/top/seed_1200/all.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 and {row["true"] for row in rows} == {""} and {row["observed"] for row in rows} == {"0"}


def test_the_student_has_two_stages_and_is_compared_with_the_others(run):
    with open(run[1] / "students/yalniz/seed_1200/all/history.csv", newline="") as file:
        history = [(row["stage"], row["batch_size"], row["epoch"]) for row in csv.DictReader(file)]
    assert history == [("1", "8", "1"), ("1", "8", "2"), *[("2", "16", f"{epoch}") for epoch in (1, 2, 3)]]
    with safe_open(run[1] / "students/yalniz/seed_1200/all/checkpoint.safetensors", "numpy") as file:
        assert json.loads(file.metadata()["pseudo_multi_labels"])["loss"]["name"] == "em"
    table = (run[1] / "tables/comparison.csv").read_text()
    assert "students,yalniz,all" in table and "students,rounds,tau_0.50" in table
    counts = (run[1] / "tables/label_counts.csv").read_text()
    assert "paper" in counts and "top" not in counts
    log = (run[1] / "logs/train_student/yalniz/seed_1200/all.log").read_text()
    assert f"students/yalniz/all/stage_1: {POOL} training rows" in log


def test_a_picture_that_is_added_to_the_pool_runs_the_pool_again_and_no_teacher(run, tmp_path):
    folder = tiny.copy_run(run[0], tmp_path / "work")
    assert tiny.planned(folder) == {}
    shutil.copy(folder / "data/test/9.png", folder / "data/pool/9.png")
    jobs = tiny.planned(folder)
    assert jobs["list_images"] == 1 and not {"train_teacher", "make_labels", "make_observed_labels"} & set(jobs)
