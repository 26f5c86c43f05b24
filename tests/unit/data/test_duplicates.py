"""The same picture twice, by its bytes."""

import csv
import os

import pytest

from spml.data import duplicates
from spml.data.duplicates import Picture
from spml.runtime.errors import InputError


def pictures(tmp_path, **contents):
    """Pictures named part_split_number with these bytes."""
    found = []
    for name, content in contents.items():
        part, split, _ = name.split("_")
        (tmp_path / name).write_bytes(content)
        found.append(Picture(part, split, name, str(tmp_path / name)))
    return found


def test_groups_have_the_same_bytes_and_say_what_they_mean(tmp_path):
    listed = pictures(
        tmp_path,
        train_train_1=b"aa",
        train_train_2=b"bb",
        train_val_3=b"bb",
        train_train_4=b"ccc",
        train_train_5=b"ccc",
        test_test_6=b"aa",
        test_test_7=b"ab",
    )
    groups = duplicates.find(listed, threads=2)
    assert [[picture.image_id[-1] for picture in group] for group in groups] == [["1", "6"], ["2", "3"], ["4", "5"]]
    assert [duplicates.kind(group) for group in groups] == list(duplicates.KINDS)
    duplicates.write(tmp_path / "table.csv", groups)
    with open(tmp_path / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 and rows[1]["part"] == "test" and {row["group"] for row in rows} == {"1", "2", "3"}


def test_only_files_of_equal_size_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates.picture_files, "sha256", lambda path: pytest.fail(path))
    assert duplicates.find(pictures(tmp_path, train_train_1=b"a", train_train_2=b"bb"), threads=1) == []


def test_a_picture_that_vanished_or_became_a_pipe_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone: No such file or directory; wanted the picture"):
        duplicates.find([Picture("train", "train", "1", str(tmp_path / "gone"))], threads=1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: found a pipe, wanted a regular file"):
        duplicates.find([Picture("train", "train", "1", str(tmp_path / "pipe"))], threads=1)
