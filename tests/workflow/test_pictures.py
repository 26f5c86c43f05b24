"""Folders of pictures as they are found on disks: every file is used or left out, and the report says what is wrong."""

import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pillow_heif
import pytest
from PIL import Image

import tiny
from spml.artifacts import left_out

pillow_heif.register_heif_opener()
pytestmark = pytest.mark.xdist_group("pictures")
NO_TRUTH = {"teachers/full": None, "validation/select_on": "observed_labels", "figures/baselines": ["an", "em"]}
ONE = {"seeds": [1200], "pseudo_labels/paper/taus": [0.5]}
USED = {"red/phone.heic": "HEIF", "red/saved.jfif": "JPEG", "red/nosuffix": "PNG"}
NO_UTF8 = os.fsdecode(b"\xff.jpg")


def picture(path, colour, form="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), colour).save(path, form)


def damaged(path):
    """Write the beginning of a JPEG, as a copy that broke off leaves it."""
    picture(path, "red", "JPEG")
    path.write_bytes(path.read_bytes()[:100])


def write(folder):
    """Write a folder for each category, with everything else that such folders hold."""
    train, test = folder / "data/mine/train", folder / "data/mine/test"
    for category, colour in {"red": 200, "blue": 100, "green": 150, "Green": 50}.items():
        for number in range(10):
            picture(train / f"{category}/{number}.png", (colour, 3 * number, 9))
        picture(test / f"{category}/new.png", (colour, 77, 77))
    for name, form in USED.items():
        picture(train / name, (1, len(name), 9), form)
    shutil.copy(train / "blue/3.png", test / "blue/again.png")
    shutil.copy(train / "red/3.png", train / "red/copy.png")
    (train / "red/notes.txt").write_text("notes")
    (train / "red/empty.png").touch()
    damaged(train / "red/damaged.jpg")
    os.mkfifo(train / "red/pipe.jpg")
    picture(train / "red" / NO_UTF8, "red", "JPEG")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run of such folders to the report and to predictions: (folder, output)."""
    folder = tiny.make(tmp_path_factory.mktemp("pictures") / "work")
    write(folder)
    new = folder / "data/new"
    picture(new / "good.png", "red")
    (new / "begun.png").write_bytes((new / "good.png").read_bytes()[:60])
    os.mkfifo(new / "pipe.png")
    picture(new / NO_UTF8, "red", "JPEG")
    entry = {"source": "image_folder", "backbone": "random"}
    entry |= {part: {"images": f"data/mine/{part}"} for part in ("train", "test")}
    changes = NO_TRUTH | ONE | {"datasets/tiny": entry, "predict": {"images": "data/new"}}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    return folder, tiny.snakemake(folder, "all", "predict")


LEFT_OUT = {
    "red/notes.txt": left_out.TEXT,
    "red/empty.png": left_out.EMPTY,
    "red/damaged.jpg": left_out.DAMAGED,
    "red/pipe.jpg": left_out.SPECIAL,
    "red/\\udcff.jpg": left_out.NAME,
}


def log(folder, name):
    return (folder / "results/tiny/logs" / name).read_text()


def test_every_file_is_used_or_left_out_with_a_reason(ran):
    folder, _ = ran
    rows = left_out.read(folder / "results/tiny/images/train_left_out.csv")
    assert dict(rows) == LEFT_OUT
    listed = pd.read_csv(folder / "results/tiny/images/train.csv")
    assert len(listed) == 44 and set(USED) < set(listed["image_id"])
    text = log(folder, "list_images/train.log")
    assert "49 listed, 44 used, 5 left out" in text
    assert "warning: 1 left out, a pipe, socket or device: red/pipe.jpg" in text
    assert "\n1 left out, no picture: text: red/notes.txt" in text


def test_equal_pictures_and_twins_of_categories_are_in_tables_and_logs(ran):
    folder, _ = ran
    tables = folder / "results/tiny/tables"
    groups = pd.read_csv(tables / "duplicates.csv").groupby("kind")["path"].apply(list).to_dict()
    names = {kind: [path.split("data/mine/")[-1] for path in paths] for kind, paths in groups.items()}
    assert sorted(names["train and test"]) == ["test/blue/again.png", "train/blue/3.png"]
    others = [name for kind, members in names.items() if kind != "train and test" for name in members]
    assert sorted(others) == ["train/red/3.png", "train/red/copy.png"]
    text = log(folder, "find_duplicates.log")
    first = "data/mine/train/blue/3.png, data/mine/test/blue/again.png"
    assert "warning: the same picture in the training part and in the test part: " in text
    assert f"(1 in all, the first: {first})\n" in text
    (warning,) = pd.read_csv(tables / "category_warnings.csv")["names"]
    assert warning == "'Green', 'green'"


def test_report_and_terminal_say_so(ran):
    folder, output = ran
    assert re.search(r"\d warnings about the data: see the section Data of results/tiny/report.html", output)
    page = (folder / "results/tiny/report.html").read_text()
    data = page[page.index(">Data</h2>") :]
    for text in (
        *LEFT_OUT.values(),
        "red/pipe.jpg",
        "red/\\udcff.jpg",
        "Green",
        "pictures that are in the training part",
    ):
        assert text in data, text


def test_new_pictures_that_cannot_be_read_stop_no_other(ran):
    folder, _ = ran
    table = pd.read_csv(folder / "results/tiny/predictions/predictions.csv", index_col="image")
    assert set(table.index) == {"begun.png", "good.png"}
    assert "not a readable picture" in table.loc["begun.png", "problem"] and pd.isna(table.loc["good.png", "problem"])
    text = "".join(path.read_text() for path in (folder / "results/tiny/logs").rglob("list_new_images*"))
    assert "4 listed, 2 used, 2 left out" in text and left_out.SPECIAL in text and left_out.NAME in text


@pytest.mark.parametrize("source", ["csv", "coco"])
def test_a_list_that_names_a_picture_whose_name_is_no_utf8_says_which_is_missing(tmp_path, source):
    """No list in UTF-8 can hold such a name; what it holds instead is told."""
    folder = tiny.make(tmp_path / "work")
    first = Path(folder / "data/train/1.png")
    first.rename(first.with_name(os.fsdecode(b"\xff.png")))
    if source == "csv":
        (folder / "data/mine.csv").write_bytes(b"path,observed\n\xff.png,red\n")
        entry = {"source": "csv", "train": {"annotations": "data/mine.csv", "images": "data/train"}}
        wanted = r"data/mine.csv.*UTF-8"
    else:
        annotations = folder / "data/train.json"
        annotations.write_text(annotations.read_text().replace('"1.png"', '"\\udcff.png"'))
        entry = tiny.CONFIG["datasets"]["tiny"]
        wanted = r"data/train.json.*(not in UTF-8|udcff)"
    tiny.configure(folder, tiny.changed(tiny.CONFIG, NO_TRUTH | {"datasets/tiny": {"backbone": "random"} | entry}))
    code, output = tiny.snakemake(folder, "results/tiny/images/train.csv", check=False)
    assert code == 1 and "Traceback" not in output and re.search(wanted, output), output
