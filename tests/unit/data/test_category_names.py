"""Names that are probably mistakes, and lines that are those of the file."""

import re

import pytest

from spml.data import category_names, csv_table
from spml.runtime.errors import InputError


def test_twins_differ_by_case_blanks_and_form_alone():
    names = [
        "Cat",
        "cat",
        " red",
        "red",
        "caf\u00e9",
        "cafe\u0301",
        "hot  dog",
        "hot dog",
        "STRASSE",
        "stra\u00dfe",
        "dog",
    ]
    pairs = [names[start : start + 2] for start in range(0, 10, 2)]
    assert category_names.twins(names) == pairs and category_names.twins(["a", "b"]) == []


def test_names_that_look_like_several():
    names = ["cup,table", "cup|table", "cup", "table", "cup/table", "and/or", "rock & roll"]
    assert category_names.several(names) == ["cup,table", "cup|table", "cup/table"]


def test_a_warning_names_file_and_lines(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('path,observed\n\n"a.jpg","cat"\nb.jpg,Cat\nc.jpg,"cup,table"\n')
    table = csv_table.read(str(path))
    found = category_names.warnings(str(path), table.category, table.line_of, are_cells=True)
    assert [(warning.position, warning.names) for warning in found] == [
        (f"{path}, lines 4 and 3", "'Cat', 'cat'"),
        (f"{path}, line 5", "'cup,table'"),
    ]
    assert not category_names.warnings("a.json", ["cup,table"], {}, are_cells=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\npath,observed\n\na.jpg,cat\n\n/b.jpg,cat\n", "line 7, path: found '/b.jpg'"),
        ('path,observed,note\na.jpg,cat,"two\nlines"\n/b.jpg,cat,\n', "line 4, path: found '/b.jpg'"),
        ("path,observed\r\n\r\na.jpg,cat,dog\r\n", "line 3: found 3 cells, wanted 2"),
        ('path,observed\n\na.jpg,"cat\n', "line 3: not a CSV file"),
    ],
)
def test_the_line_of_an_error_is_the_files(tmp_path, text, message):
    (tmp_path / "mine.csv").write_text(text, newline="")
    with pytest.raises(InputError, match=re.escape(message)):
        csv_table.read(str(tmp_path / "mine.csv"))
