"""What is planned of features that others computed."""

import copy
import os

import pytest

import tiny
from plan import load, matrices, review
from plan.errors import ConfigError

FILES = {"library": "file", "train": "train.npy", "test": {"path": "test.h5", "ids": "ids.txt"}}
TABLES = {part: {"annotations": f"{part}.csv"} for part in ("train", "test")}
WITHOUT_PICTURES = {
    "datasets/tiny": {"source": "features", "backbone": "files"} | TABLES,
    "backbones/files": FILES,
}


def experiment(changes):
    return load.experiments(tiny.changed(tiny.CONFIG, copy.deepcopy(changes)))["tiny"]


@pytest.mark.parametrize(
    ("source", "order"),
    [
        ("coco2014", "listed"),
        ("voc2012", "listed"),
        ("cub", "number"),
        ("nuswide", ""),
        ("csv", "table"),
        ("features", "table"),
    ],
)
def test_rows_are_in_the_order_in_which_features_of_the_source_are_published(source, order):
    parts = {part: {"annotations": f"{part}.csv" if order == "table" else f"{part}.txt"} for part in ("train", "test")}
    if source != "features":
        parts = {part: paths | {"images": part} for part, paths in parts.items()}
    found = experiment({"datasets/tiny": {"source": source, "backbone": "files"} | parts, "backbones/files": FILES})
    assert matrices.matching(found, "files", "train")["order"] == order
    assert matrices.table(found, "train") == ("train.csv" if order == "table" else [])


def test_a_part_that_is_not_there_has_no_rows_of_the_training_matrix():
    found = experiment(WITHOUT_PICTURES | {"datasets/tiny/test": None})
    assert matrices.files(found, "files", "test") == ["train.npy"]


POOL = {
    "datasets/tiny/pool": {"images": "pool"},
    "datasets/tiny/backbone": "files",
    "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 5, "split": "pool"},
    "students/staged": {
        "pseudo_labels": "top",
        "loss": "bce",
        "stages": [{"train_on": "pool"}, {"train_on": "observed", "loss": "em"}],
    },
}


def test_a_pool_has_a_matrix_of_its_own_in_the_order_of_its_list():
    found = experiment(POOL | {"backbones/files": FILES | {"pool": "pool.npy"}})
    assert matrices.files(found, "files", "pool") == ["pool.npy"]
    assert matrices.matching(found, "files", "pool")["order"] == "listed"
    with pytest.raises(ConfigError, match=r"backbones\.files\.pool: found nothing, wanted the features of that part"):
        experiment(POOL | {"backbones/files": FILES})


def test_the_files_of_a_folder_are_its_matrices_and_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("img_emb/img_emb_0.npy", "img_emb/.part", "metadata/metadata_0.parquet", "text_emb/text_emb_0.npy"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).touch()
    assert matrices.files_of("out") == ["out/img_emb/img_emb_0.npy", "out/metadata/metadata_0.parquet"]


def test_matrices_are_checked_until_they_are_converted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = experiment(WITHOUT_PICTURES)
    assert matrices.unchecked(found) == {}  # not there
    for name in ("train.npy", "test.h5", "ids.txt", "train.csv", "test.csv"):
        (tmp_path / name).touch()
        os.utime(name, (1, 1))
    places = matrices.unchecked(found)
    assert list(places) == ["backbones.files.train", "backbones.files.test"]
    assert places["backbones.files.test"]["source"] == {
        "path": "test.h5",
        "column": "",
        "id_column": "",
        "ids": "ids.txt",
    }
    made = tmp_path / "results/tiny/features/files/train.h5"
    made.parent.mkdir(parents=True)
    made.touch()
    assert list(matrices.unchecked(found)) == ["backbones.files.test"]


def test_features_are_exported_with_the_formats_that_need_no_pictures():
    shown = review.shown_exports(experiment(WITHOUT_PICTURES))
    formats = {os.path.basename(path) for path in shown if "/seed_" in path}
    assert formats == {"wide", "parquet"}
    assert shown[-2:] == [f"results/tiny/exports/features/files/{part}" for part in ("train", "test")]
    assert review.shown_review(experiment(WITHOUT_PICTURES)) == ["results/tiny/review/queue.csv"]


MISTAKES = {
    "a network without pictures": (
        {"datasets/tiny/backbone": "random"},
        "backbones.random.library: found torchvision, wanted file: data set tiny has no pictures (source features)",
    ),
    "no matrix of a part": (
        {"backbones/files": {"library": "file", "train": "train.npy"}},
        "backbones.files.test: found nothing, wanted the features of that part of data set tiny",
    ),
    "pictures": (
        {"datasets/tiny/train/images": "pictures"},
        "datasets.tiny.train.images: found 'pictures', wanted nothing: source features has no pictures",
    ),
    "a pool": (
        {"datasets/tiny/pool": {"images": "pictures"}},
        "datasets.tiny.pool: found one, wanted nothing: source features has no pictures to list",
    ),
    "no library": (
        {"backbones/files": {"train": "train.npy"}},
        "backbones.files.library: found nothing, wanted one of file, model, open_clip, timm, torchvision",
    ),
    "an unknown library": (
        {"backbones/files": {"library": "flie", "train": "train.npy"}},
        "backbones.files.library: found 'flie', wanted one of torchvision, timm, open_clip, file, model; did you mean file?",
    ),
    "a matrix without a path": (
        {"backbones/files/train": {"ids": "ids.txt"}},
        "backbones.files.train.path: found nothing, wanted path to an npy, HDF5 or Parquet file",
    ),
    "a key of a network": (
        {"backbones/files/image_size": 224},
        "backbones.files.image_size: no such key here; wanted one of library, train, test, pool, storage",
    ),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES)
def test_what_features_of_files_lack_is_said_in_one_line(changes, message):
    with pytest.raises(ConfigError) as error:
        experiment(WITHOUT_PICTURES | changes)
    assert any(line.startswith(message) for line in error.value.lines), error.value.lines
