import numpy as np
import pytest

from spml.data import csv_table
from spml.runtime.errors import InputError


def read(tmp_path, text, category=None):
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    return csv_table.read(str(tmp_path / "mine.csv"), category)


def test_a_table_of_images_by_hand(tmp_path):
    table = read(
        tmp_path,
        "path,observed,absent,true,photographer\n"
        "b.jpg,dog,,,Ann\n"
        "a/1.jpg,cat; dog,bird,cat;dog;tree,Bob\n"
        "c.jpg,,cat,-,\n"
        "b.jpg,cat,,,Ann\n",  # a second row of the same image
    )
    assert table.path == ["a/1.jpg", "b.jpg", "c.jpg"] and table.category == ["bird", "cat", "dog", "tree"]
    assert table.observed[:].tolist() == [[-1, 1, 1, 0], [0, 1, 1, 0], [0, -1, 0, 0]]
    assert table.label[:].tolist() == [[0, 1, 1, 1], [-1, -1, -1, -1], [0, 0, 0, 0]]
    assert table.split is None


def test_the_split_and_the_order_of_categories_are_the_users(tmp_path):
    table = read(tmp_path, "path,true,split\nb.jpg,dog,val\na.jpg,cat,train\n", ["dog", "cow", "cat"])
    assert table.observed is None and table.split.tolist() == [0, 1]
    assert table.label[:].tolist() == [[0, 0, 1], [1, 0, 0]] and table.label.dtype == np.int8


def test_a_table_as_spreadsheets_write_it(tmp_path):
    (tmp_path / "mine.csv").write_bytes("\ufeffpath,observed\r\n'=a.jpg,'@home\r\n\r\n".encode())
    table = csv_table.read(str(tmp_path / "mine.csv"))
    assert table.path == ["=a.jpg"] and table.category == ["@home"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,observed\n", "found no row, wanted one per image, with path, and observed or true"),
        ("file,observed\na.jpg,cat\n", "found columns 'file', 'observed', wanted path, and observed"),
        ("path|observed\na.jpg|cat\n", "found columns 'path.observed', wanted path, .* separated by commas"),
        ("path,obsreved\na.jpg,cat\n", "found column 'obsreved', wanted .*; did you mean observed?"),
        ("path,observed,True\na.jpg,cat,cat\n", "found column 'True', wanted .*; did you mean true?"),
        ("path,observed\n,cat\n", "line 2, path: found '', wanted a path inside the folder of the pictures"),
        ("path,observed\na.jpg,cat\n../b.jpg,cat\n", r"line 3, path: found '\.\./b\.jpg'"),
        ("path,observed\n/b.jpg,cat\n", "line 2, path: found '/b.jpg'"),
        ("path,observed,absent\na.jpg,cat,dog;cat\n", "line 2: a.jpg has 'cat' as observed and as absent"),
        ("path,observed,absent\na.jpg,cat,\na.jpg,,cat\n", "line 3: a.jpg has 'cat' as observed and as absent"),
        (
            "path,observed\na.jpg,-\n",
            "line 2, observed: found '-', wanted names of categories .* alone, in column true",
        ),
        ("path,true\na.jpg,cat;-\n", "line 2, true: found '-'"),
        ("path,observed,split\na.jpg,cat,test\n", "line 2, split: found 'test', wanted train or val"),
        (
            "path,observed,split\na.jpg,cat,val\na.jpg,dog,train\n",
            r"line 3, split: found 'train' \(another row of a.jpg has 'val'\)",
        ),
        ("path,observed\na.jpg,cat,dog\n", "line 2: found 3 cells, wanted 2"),
    ],
)
def test_a_wrong_table_is_refused_by_line(tmp_path, text, message):
    with pytest.raises(InputError, match=f"mine.csv: {message}"):
        read(tmp_path, text)


def test_a_category_that_is_not_listed_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"line 3: found category 'dgo', wanted one of cat, dog; did you mean dog\?"):
        read(tmp_path, "path,observed\na.jpg,dog\nb.jpg,dgo\n", ["cat", "dog"])


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: No such file or directory; wanted a CSV file with path"):
        csv_table.read(str(tmp_path / "none.csv"))


def test_a_list_of_categories(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("dog\n\ncat \n", encoding="utf-8")
    assert list(csv_table.read_categories(str(path))) == ["dog", "cat"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found no line, wanted the name of a category on each"),
        ("dog\ncat\ndog\n", "line 3: found 'dog', also on line 1; wanted each once"),
        ("dog;cat\n", "line 1: found 'dog;cat', wanted a name without ;"),
        ("-\n", "line 1: found '-'"),
    ],
)
def test_a_wrong_list_of_categories_is_refused(tmp_path, text, message):
    path = tmp_path / "names.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"names.txt: {message}"):
        csv_table.read_categories(str(path))
    with pytest.raises(InputError, match=r"none\.txt: No such file"):
        csv_table.read_categories(str(tmp_path / "none.txt"))


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("first", ["", "\r\n", "sep={}\r\n"])
def test_semicolons_and_tabs_in_place_of_commas_are_read(tmp_path, delimiter, first):
    path = tmp_path / "excel.csv"
    rows = [("path", "observed", ""), ("a.png", '"cat;dog"', ""), ("b.png", "dog", "")]
    text = first.format(delimiter) + "".join(f"{delimiter.join(row)}\r\n" for row in rows)
    path.write_text("\ufeff" + text, encoding="utf-8")
    table = csv_table.read(str(path))
    assert table.path == ["a.png", "b.png"] and table.category == ["cat", "dog"]
    assert table.observed[:].tolist() == [[1, 1], [0, 1]]
    assert table.line_of == {"cat": 2 + bool(first), "dog": 2 + bool(first)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04\x14\0", r"found a spreadsheet .*\(Excel: CSV UTF-8\)"),
        ("path,observed\n".encode("utf-16"), r"found text in UTF-16; wanted .* in UTF-8"),
        (
            b"path,observed\na.png,cat,dog\n",
            "line 2: found 3 cells, wanted 2, .*; several categories of a cell are separated by ;",
        ),
        (
            b"path,observed\n/data/a.png,cat\n",
            "wanted a path inside the folder of the pictures, from that folder on, as 'a.png'",
        ),
    ],
)
def test_what_people_save_in_place_of_a_table_is_named(tmp_path, content, message):
    path = tmp_path / "tags.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        csv_table.read(str(path))
