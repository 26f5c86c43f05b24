"""Which annotations are checked at the start of a run: the user's own, until labels are made of them."""

import os

import pytest

import tiny
from plan import data, load

PARTS = ("train", "test")


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """A data set of two tables in the working directory."""
    monkeypatch.chdir(tmp_path)
    for part in PARTS:
        (tmp_path / f"{part}.csv").write_text("path,true\na.png,cat\n")
    parts = {part: {"annotations": f"{part}.csv", "images": part} for part in PARTS}
    entry = {"source": "csv", "backbone": "random"} | parts
    return load.experiments(tiny.changed(tiny.CONFIG, {"datasets/tiny": entry}))["tiny"]


def test_the_users_tables_are_checked_until_labels_are_made_of_them(experiment, tmp_path):
    shared = {"reader": "table", "training": "train.csv", "tars": []}
    wanted = {part: shared | {"annotations": f"{part}.csv", "folder": part} for part in PARTS}
    assert data.unchecked_parts(experiment) == wanted
    labels = tmp_path / "results/tiny/labels/train.h5"
    labels.parent.mkdir(parents=True)
    labels.touch()
    os.utime("train.csv", (1, 1))
    os.utime("test.csv", (1, 1))
    assert data.unchecked_parts(experiment) == {}
    os.utime("test.csv", None)
    os.utime(labels, (2, 2))
    assert len(data.unchecked_parts(experiment)) == 2


def test_what_is_missing_or_large_is_left_to_others(experiment, monkeypatch):
    monkeypatch.setattr(data, "CHECKED_BYTES", 10)
    assert data.unchecked_parts(experiment) == {}
    monkeypatch.setattr(data, "CHECKED_BYTES", 10**8)
    os.unlink("test.csv")
    assert data.unchecked_parts(experiment) == {}


def loaded(**entry):
    return load.experiments(tiny.changed(tiny.CONFIG, {"datasets/tiny": {"backbone": "random"} | entry}))["tiny"]


def test_lists_of_other_layouts_are_checked_where_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = loaded(source="voc", train={"annotations": "voc/ImageSets/Main/train.txt"})
    assert data.unchecked_parts(experiment) == {}
    (tmp_path / "voc/ImageSets/Main").mkdir(parents=True)
    (tmp_path / "voc/ImageSets/Main/train.txt").write_text("1\n")
    (part,) = data.unchecked_parts(experiment).values()
    assert (part["reader"], part["folder"]) == ("voc", "voc/JPEGImages")
    (tmp_path / "voc/Annotations").mkdir()
    (tmp_path / "voc/Annotations/1.xml").write_text("<annotation/>")
    monkeypatch.setattr(data, "CHECKED_FILES", 1)
    assert data.unchecked_parts(experiment) == {}  # reading them takes long


def test_folders_of_categories_are_checked_until_labels_are_made_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("train/cat", "results/tiny/labels"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "train/cat/1.png").touch()
    experiment = loaded(source="image_folder", train={"images": "train"})
    (part,) = data.unchecked_parts(experiment).values()
    assert (part["reader"], part["folder"]) == ("image_folder", "train") and part[
        "annotations"
    ] == "datasets.tiny.train.images"
    labels = tmp_path / "results/tiny/labels/train.h5"
    labels.touch()
    for path in ("train", "train/cat"):
        os.utime(path, (1, 1))
    assert data.unchecked_parts(experiment) == {}
    os.utime("train/cat", None)
    os.utime(labels, (2, 2))
    assert len(data.unchecked_parts(experiment)) == 1


@pytest.mark.parametrize("source", ["demo", "coco2014", "voc2012", "cub"])
def test_what_is_fetched_or_drawn_is_not_checked(source):
    experiment = loaded(source=source)
    assert data.unchecked_parts(experiment) == data.unchecked_lists(experiment) == {}


def test_pictures_that_a_rule_fetches_have_no_folder_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for part in PARTS:
        (tmp_path / f"{part}.json").write_text("{}")
    experiment = loaded(source="coco2014", **{part: {"annotations": f"{part}.json"} for part in PARTS})
    assert {part["folder"] for part in data.unchecked_parts(experiment).values()} == {""}


def test_lists_of_new_images_and_of_a_pool_are_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("new.txt", "pool.txt"):
        (tmp_path / name).write_text("1.png\n")
    (tmp_path / "folder").mkdir()
    one = {"source": "csv", "train": {"annotations": "train.csv"}, "predict": {"images": "new.txt"}}
    assert data.unchecked_lists(loaded(**one, pool={"images": "pool.txt"})) == {
        "predict.images": "new.txt",
        "datasets.tiny.pool.images": "pool.txt",
    }
    assert data.unchecked_lists(loaded(**one | {"predict": {"images": "folder"}})) == {}
