"""Which annotations are checked at the start of a run: the user's own, until labels are made of them."""

import os

import pytest

import tiny
from plan import data, load


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """A data set of two tables in the working directory."""
    monkeypatch.chdir(tmp_path)
    for part in ("train", "test"):
        (tmp_path / f"{part}.csv").write_text("path,true\na.png,cat\n")
    parts = {part: {"annotations": f"{part}.csv", "images": part} for part in ("train", "test")}
    entry = {"source": "csv", "backbone": "random"} | parts
    return load.experiments(tiny.changed(tiny.CONFIG, {"datasets/tiny": entry}))["tiny"]


def test_the_users_tables_are_checked_until_labels_are_made_of_them(experiment, tmp_path):
    assert data.unchecked_parts(experiment) == {"train": ("train.csv", "train"), "test": ("test.csv", "test")}
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


def test_what_is_fetched_drawn_or_converted_is_no_table_of_the_user():
    entry = {"source": "voc", "backbone": "random", "train": {"annotations": "data/train.txt"}}
    assert data.unchecked_parts(load.experiments(tiny.changed(tiny.CONFIG, {"datasets/tiny": entry}))["tiny"]) == {}
