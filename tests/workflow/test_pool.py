"""Images without labels, a student that is trained on them first, and what people see and say of them, by the real command."""

import csv
import json
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

import tiny
from unit.plan.test_reruns import TABLE

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
    assert names == [f"pool:summer/{number}.png" for number in range(1, POOL + 1)]
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


TOP = "results/tiny/{}/top/seed_1200/all"


def data_of(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search('<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """A table of tags without truth, whose pool has pictures of the same names; gallery, exports and review of the pool."""
    folder = tiny.make(tmp_path_factory.mktemp("tagged") / "work")
    dataset = json.loads((folder / "data/train.json").read_text())
    names = {entry["id"]: entry["name"] for entry in dataset["categories"]}
    tags = {f"{entry['image_id']}.png": names[entry["category_id"]] for entry in dataset["annotations"]}
    with open(folder / "data/train/tags.csv", "w", newline="") as file:
        csv.writer(file).writerows([("path", "observed"), *tags.items()])
    pool = folder / "data/pool"
    pool.mkdir()
    for number in range(1, POOL + 1):
        shutil.copy(folder / f"data/test/{number}.png", pool / f"{number}.png")
    config = tiny.changed(TABLE, CHANGES | {"review": {"pseudo_labels": "top"}})
    config["datasets"]["tiny"] |= {"train": {"annotations": "data/train/tags.csv"}, "pool": {"images": "data/pool"}}
    tiny.configure(folder, config)
    tiny.snakemake(folder, "gallery", "exports", "review")
    return folder, config


def test_the_gallery_shows_the_pool_as_pool_without_anything_observed_or_true(tagged):
    page = tagged[0] / "results/tiny/gallery/top_seed_1200.html"
    data = data_of(page)
    assert data["part"] == "pool" and data["files"] == [f"{number}.png" for number in range(1, POOL + 1)]
    assert data["images"][0] == "pool:1.png" and data["splits"] == []
    assert set(data["labels"]["true"]) == {2} and set(data["labels"]["observed"]) == {0}
    assert sum(data["counts"][0]["pseudo"]) == 8 and sum(data["known"]) == 0
    text = page.read_text(encoding="utf-8")
    assert "pseudo-labels top of the pool" in text and "lost observed" not in text
    assert (page.parent / data["thumbnails"] / "00000.js").is_file()


def test_exports_mark_the_images_of_the_pool(tagged):
    folder = tagged[0] / TOP.format("exports")
    images = json.loads((folder / "coco/annotations.json").read_text())["images"]
    assert len(images) == POOL and {image["split"] for image in images} == {"pool"}
    rows = pd.read_parquet(folder / "parquet/labels.parquet")
    assert set(rows["split"]) == {"pool"} and not any(len(seen) for seen in rows["observed"])


def test_answers_about_the_pool_are_its_observed_labels_and_students_learn_them(tagged, tmp_path):
    folder = tiny.copy_run(tagged[0], tmp_path / "work")
    queue = pd.read_csv(folder / "results/tiny/review/queue.csv", dtype=str)
    assert queue["image_id"].str.startswith("pool:").all() and len(queue) == 4 * POOL
    pseudo = read(folder / f"{TOP.format('pseudo_labels')}.h5", "label")
    (row, column), (other, second) = np.argwhere(pseudo == 1)[0], np.argwhere(pseudo == 0)[0]
    category = read(folder / "results/tiny/labels/pool.h5", "category").astype(str)
    lines = [
        f"pool:{row + 1}.png,{category[column]},no",
        f"pool:{other + 1}.png,{category[second]},yes",
        "2.png,red,no",
    ]
    (folder / "answers.csv").write_text("image_id,category,answer\n" + "\n".join(lines) + "\n")
    tiny.configure(folder, tiny.changed(tagged[1], {"review/answers": ["answers.csv"]}))
    student = "results/tiny/students/yalniz/seed_1200/all/checkpoint.safetensors"
    tiny.snakemake(folder, student, "review", "gallery")
    observed = read(folder / "results/tiny/observed/pool.h5", "observed")
    assert observed[row, column] == -1 and observed[other, second] == 1 and np.abs(observed).sum() == 2
    training = folder / "results/tiny/observed/seed_1200.h5"
    images = list(read(training, "image_id").astype(str))
    assert read(training, "observed")[images.index("2.png"), list(category).index("red")] == -1
    learnt = read(folder / f"{TOP.format('pseudo_labels')}.h5", "label")
    assert learnt[row, column] == 0 and learnt[other, second] == 1
    asked = pd.read_csv(folder / "results/tiny/review/queue.csv", dtype=str)
    assert len(asked) == 4 * POOL - 2
    data = data_of(folder / "results/tiny/gallery/top_seed_1200.html")
    assert sum(data["observed"]) == 1 and sorted(set(data["labels"]["observed"])) == [-1, 0, 1]
