"""Readers of the layouts behind one function: a part in, COCO JSON or a table of images out."""

import csv
import importlib
import inspect
import json
import os

import pytest
from PIL import Image

import layouts
import tiny
from spml.data import annotations, coco, csv_table, image_folder
from spml.data.layout import Conversion
from spml.runtime.errors import InputError

READERS = ("coco", "cub", "image_folder", "nuswide", "voc")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The tiny data set: annotations and pictures."""
    return tiny.make(tmp_path_factory.mktemp("data")) / "data"


def conversion(listing="", training="", folder="", key="datasets.mine.train.images"):
    return Conversion(str(listing), str(training), str(folder), key)


@pytest.mark.parametrize("name", READERS)
def test_every_reader_has_one_function_of_the_same_parameters(name):
    convert = importlib.import_module(f"spml.data.{name}").convert
    assert list(inspect.signature(convert).parameters) == ["conversion", "part", "output"]


def test_published_layouts_become_coco_json(data, tmp_path):
    roots = {name: getattr(layouts, name)(data, tmp_path / name) for name in ("voc", "nuswide", "cub")}
    lists = {
        "voc": roots["voc"] / "ImageSets/Main/train.txt",
        "nuswide": roots["nuswide"] / "ImageList/TrainImagelist.txt",
        "cub": roots["cub"] / "images.txt",
    }
    for name, listing in lists.items():
        output = tmp_path / f"{name}.json"
        importlib.import_module(f"spml.data.{name}").convert(conversion(listing, listing), "train", str(output))
        assert len(annotations.read(output, unannotated_count=True).image_id) == tiny.SIZES["train"]
        assert str(listing) in json.loads(output.read_text())["info"]["description"]


def test_fetched_coco_json_is_linked_and_newer_than_its_archive(data, tmp_path):
    source, output = tmp_path / "instances_train2014.json", tmp_path / "out/train.json"
    source.write_bytes((data / "train.json").read_bytes())
    os.utime(source, (1, 1))
    coco.convert(conversion(source), "train", str(output))
    assert os.path.samefile(source, output) and output.stat().st_mtime > 1
    coco.convert(conversion(source), "train", str(output))  # again, over the link
    assert sorted(path.name for path in output.parent.iterdir()) == ["train.json"]


def test_fetched_coco_json_is_copied_where_there_are_no_links(data, tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    coco.convert(conversion(data / "train.json"), "train", str(tmp_path / "train.json"))
    assert (tmp_path / "train.json").read_bytes() == (data / "train.json").read_bytes()
    with pytest.raises(InputError, match=r"none\.json: no such file; wanted a COCO annotation file"):
        coco.convert(conversion(tmp_path / "none.json"), "train", str(tmp_path / "more.json"))


def folder_of(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name, "PNG")
    return root


def test_a_folder_for_each_category_becomes_a_table_of_what_was_observed(tmp_path, capsys):
    """Names that a spreadsheet takes for formulas come back, with and without an apostrophe of their own."""
    names = ["=a/1.png", "'=a/1.png", "cat/-2.png", "loose.png"]
    output = tmp_path / "train.csv"
    image_folder.convert(conversion(folder=folder_of(tmp_path / "pictures", *names)), "train", str(output))
    with open(output, newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 4
    table = csv_table.read(str(output))
    assert table.path == sorted(names[:3]) and table.category == sorted({"=a", "'=a", "cat"})
    assert table.observed[:].sum() == 3
    assert (
        "4 listed, 3 used, 1 left out\nwarning: 1 left out, in no category's folder: loose.png"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"datasets\.mine\.train\.images: found no picture in the folder"),
        (["1.png"], "found 1 pictures, none in a folder in it; wanted a folder for each category"),
        (["a;b/1.png"], "found the folder 'a;b', wanted names of categories, without ; and other than -"),
    ],
)
def test_a_folder_that_says_nothing_is_refused(tmp_path, names, message):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(InputError, match=message):
        image_folder.convert(
            conversion(folder=folder_of(tmp_path / "pictures", *names)), "train", str(tmp_path / "train.csv")
        )
