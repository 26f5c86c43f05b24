"""Real COCO pictures and an ImageNet-pretrained MobileNetV2 through the whole pipeline, to both figures."""

import csv
import json
import random

import h5py
import pandas as pd
import pytest
import yaml

import tiny
import walk

pytestmark = pytest.mark.xdist_group("real data")


def config(real_data):
    """config.yaml with one more data set, as a user would write it."""
    shown = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    parts = {"train": "train2017", "test": "val2017"}
    data = real_data / "coco_mini"
    places = {
        part: {"annotations": str(data / f"annotations/instances_{name}.json"), "images": str(data / name)}
        for part, name in parts.items()
    }
    weights = str(real_data / "weights/mobilenet_v2_imagenet.pth")
    changes = {
        "dataset": "coco_mini",
        "datasets/coco_mini": {"source": "coco", "backbone": "mobilenet", **places},
        "backbones/mobilenet": {
            "library": "torchvision",
            "model": "mobilenet_v2",
            "weights": weights,
            "image_size": 320,
        },
        "seeds": [1200],
    }
    return tiny.changed(shown, changes)


def test_coco_mini_runs_to_both_figures(real_data, tmp_path):
    tiny.configure(tmp_path, config(real_data))
    output = tiny.snakemake(tmp_path)
    results = tmp_path / "results/coco_mini"
    assert (results / "figures/figure_1a.svg").exists() and (results / "figures/figure_1b.png").exists()
    with h5py.File(results / "labels/train.h5") as file:
        assert file["label"].shape == (292, 80) and (file["split"][:] == 1).sum() == 58  # 2 of 294 have no annotation
        assert file["category"].asstr()[:3].tolist() == ["person", "bicycle", "car"]
    with h5py.File(results / "features/mobilenet/test.h5") as file:
        assert file["feature"].shape == (186, 1280)
    table = pd.read_csv(results / "tables/map.csv")
    full = table.loc[table["name"] == "full", "test_map_present"].mean()
    metrics = json.loads((results / "metrics/teachers/full/seed_1200.json").read_text())
    assert metrics["test"]["categories_present"] == 80 and metrics["val"]["categories_present"] == 65
    assert metrics["val"]["map_present"] > metrics["val"]["map"]
    assert "mAP, categories present (%), mean ± standard deviation over replicates" in output
    assert full > 25, output  # chance is near 4: the features are real


def tags_and_truth(real_data, path):
    """Write the largest object of each training picture as its only tag; return what is there, by file name."""
    truth = json.loads((real_data / "coco_mini/annotations/instances_train2017.json").read_text())
    names = {entry["id"]: entry["name"] for entry in truth["categories"]}
    files = {entry["id"]: entry["file_name"] for entry in truth["images"]}
    present, largest = {}, {}
    for entry in truth["annotations"]:
        file_name, name = files[entry["image_id"]], names[entry["category_id"]]
        present.setdefault(file_name, set()).add(name)
        largest[file_name] = max(largest.get(file_name, (0, "")), (entry["area"], name))
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "observed"), *((name, tag) for name, (_, tag) in largest.items())])
    return present


def tagged(real_data):
    """The entry of a data set of photographs with the tags of tags.csv."""
    return {
        "source": "csv",
        "backbone": "mobilenet",
        "train": {"annotations": "tags.csv", "images": str(real_data / "coco_mini/train2017")},
        "validation": {"select_on": "observed_labels"},
    }


def test_one_tag_a_photograph_finds_what_else_is_there(real_data, tmp_path):
    """A table of tags and nothing else; what the pseudo-labels add is held against the genuine annotations afterwards."""
    present = tags_and_truth(real_data, tmp_path / "tags.csv")
    own = tagged(real_data) | {
        "teachers": {"full": None},
        "pseudo_labels": {"paper": {"teacher": "em", "taus": [0.65]}},
        "figures": {"students": "paper", "baselines": ["an", "em"]},
    }
    tiny.configure(tmp_path, tiny.changed(config(real_data), {"dataset": "tags", "datasets/tags": own}))
    output = tiny.snakemake(tmp_path)
    assert "not measured" in output
    table = pd.read_csv(tmp_path / "results/tags/pseudo_labels/paper/seed_1200/tau_0.65.csv")
    added = table[(table["pseudo"] == 1) & (table["observed"] == 0)]
    right = [name in present[file_name] for file_name, name in zip(added["file_name"], added["category"], strict=True)]
    others = sum(len(found) - 1 for found in present.values())
    tags = pd.read_csv(tmp_path / "tags.csv")["observed"]
    chance = others / (len(present) * (tags.nunique() - 1))
    assert len(right) > 20 and sum(right) / len(right) > 3 * chance


def test_answers_about_photographs_with_one_tag_make_their_labels_better(real_data, tmp_path):
    """A table, a queue, answers, the same command again: better labels, by the genuine annotations."""
    present = tags_and_truth(real_data, tmp_path / "tags.csv")
    own = tagged(real_data) | {
        "teachers": {"full": None, "ridge": {"loss": "squares", "head": "ridge"}},
        "pseudo_labels": {"paper": {"teacher": "ridge", "taus": [0.1], "keep_observed": True}},
        "figures": {"students": "paper", "baselines": []},
        "review": {"questions": 300},
    }
    changes = {"dataset": "tags", "datasets/tags": own, "backbones/mobilenet/image_size": 128}
    first = tiny.changed(config(real_data), changes)
    table, queue = "results/tags/pseudo_labels/paper/seed_1200/tau_0.10.csv", "results/tags/review/queue.csv"

    def quality():
        labels = pd.read_csv(tmp_path / table)
        found = labels[labels["pseudo"] == 1]
        right = sum(name in present[file] for file, name in zip(found["file_name"], found["category"], strict=True))
        listed = set(labels["file_name"])
        return 2 * right / (len(found) + sum(len(present[file]) for file in listed)), found

    tiny.configure(tmp_path, first)
    tiny.snakemake(tmp_path, table, queue)
    before, _ = quality()
    questions = pd.read_csv(tmp_path / queue)
    questions["answer"] = [
        "yes" if name in present[file] else "no"
        for file, name in zip(questions["file_name"], questions["category"], strict=True)
    ]
    questions[["file_name", "category", "answer"]].to_csv(tmp_path / "answers.csv", index=False)
    tiny.configure(tmp_path, tiny.changed(first, {"datasets/tags/review/answers": ["answers.csv"]}))
    tiny.snakemake(tmp_path, table)
    after, found = quality()
    yes = questions[questions["answer"] == "yes"]
    kept = set(zip(found["file_name"], found["category"], strict=True))
    assert set(zip(yes["file_name"], yes["category"], strict=True)) <= kept and len(yes) > 10
    assert after > before + 0.01, (before, after)


def test_the_walk_through_on_photographs_with_one_tag_each(real_data, tmp_path):
    """`make own` with a table and pictures to label, a queue, answers, `make own ANSWERS=`: better labels, by the annotations."""
    truth = json.loads((real_data / "coco_mini/annotations/instances_train2017.json").read_text())
    names = {entry["id"]: entry["name"] for entry in truth["categories"]}
    files = {entry["id"]: entry["file_name"] for entry in truth["images"]}
    present: dict[str, set[str]] = {}
    for entry in truth["annotations"]:
        present.setdefault(files[entry["image_id"]], set()).add(names[entry["category_id"]])
    drawn = random.Random(0)
    tags = {name: drawn.choice(sorted(found)) for name, found in sorted(present.items())}
    walk.write_table(tmp_path / "tags.csv", tags.items())
    mobilenet = config(real_data)["backbones"]["mobilenet"] | {"image_size": 128}
    shown = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    changes = {"backbones/mobilenet": mobilenet} | walk.SMALLEST | walk.RECOMMENDED
    folder = walk.clone(tmp_path / "clone", tiny.changed(shown, changes))
    photographs = real_data / "coco_mini"
    walk.make_own(
        folder,
        CSV=tmp_path / "tags.csv",
        IMAGES=photographs / "train2017",
        PREDICT=photographs / "val2017",
        BACKBONE="mobilenet",
    )
    results = folder / "results/own"

    def labelled():
        labels = pd.read_csv(results / "pseudo_labels/recommended/seed_1200/all.csv")
        found = labels[labels["pseudo"] >= 0.5]
        return set(zip(found["file_name"], found["category"], strict=True))

    predictions = pd.read_csv(results / "predictions/predictions.csv")
    times = predictions["labels"].fillna("").str.split("; ").explode().value_counts()
    rates = pd.Series(tags.values()).value_counts(normalize=True)
    assert len(predictions) == 188 and times.drop(["", "person"], errors="ignore").max() < 94  # none took over
    assert rates[times.drop("", errors="ignore").index].gt(0).all()

    questions = pd.read_csv(results / "review/queue.csv").head(200)
    questions["answer"] = [
        "yes" if name in present[file] else "no"
        for file, name in zip(questions["file_name"], questions["category"], strict=True)
    ]
    table = questions[["file_name", "category", "answer"]]
    table.to_csv(tmp_path / "answers.csv", index=False, sep=";", encoding="utf-8-sig")  # as a spreadsheet saves it
    features = results / "features/mobilenet/train/00000.h5"
    extracted = features.stat().st_mtime_ns
    output = walk.make_own(folder, ANSWERS=tmp_path / "answers.csv")
    assert "200 answers, kept as own_answers/answers.csv" in output and features.stat().st_mtime_ns == extracted
    found = labelled()
    entries = {
        answer: set(zip(rows["file_name"], rows["category"], strict=True)) for answer, rows in table.groupby("answer")
    }
    assert entries["yes"] and entries["yes"] <= found and not entries["no"] & found
    assert (questions["suggestion"] != questions["answer"]).any()  # wrong labels before
