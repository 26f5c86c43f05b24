"""The table of images of sources csv and image_folder: a row an image, with what was observed of it and what is true.

Columns: ``path``; ``observed`` and ``absent``, categories that somebody saw to be present or absent; ``true``, all that are
present, ``-`` where none is, empty where nobody knows; ``split``, train or val. Several categories are separated by ``;``.
Rows of the same image are taken together. Names may be escaped as in the pipeline's own tables (see spml.cells).
"""

import difflib
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spml.cells import restored
from spml.csv_rows import read_rows
from spml.errors import InputError
from spml.labels import SPLITS, UNKNOWN

LABELS = ("observed", "absent", "true")
COLUMNS = ("path", *LABELS, "split")
NONE = "-"  # of the categories: nothing is present
WANTED = "path, and observed or true (perhaps absent and split), separated by commas"


@dataclass
class ImageTable:
    """Rows sorted by path: N images, matrices of L categories."""

    path: list[str]
    category: list[str]
    label: np.ndarray  # int8 [N, L]: 1 present, 0 absent, -1 unknown
    observed: np.ndarray | None  # int8 [N, L]: 1 present, 0 unobserved, -1 observed absent; None without such a column
    split: np.ndarray | None  # uint8 [N]: 0 train, 1 val; None without such a column


def read(path: str, category: Sequence[str] | None = None) -> ImageTable:
    """The table of a file; ``category`` in that order, by default all that it names, sorted.

    Raises
    ------
    InputError
        When a column or a path is missing, a category is unknown, or two cells contradict each other: names the line.
    """
    rows = read_rows(path, WANTED)
    columns = _columns(path, rows)
    told = [column for column in LABELS if column in columns]
    images: dict[str, dict[str, dict[str, int]]] = {}  # path -> column -> category -> the line that says so
    known: dict[str, int] = {}  # path -> the line of its true labels
    split: dict[str, str] = {}
    for line, row in enumerate(rows, 2):  # the first is the header
        place = f"{path}: line {line}"
        name = _path(place, row["path"])
        said = images.setdefault(name, {column: {} for column in LABELS})
        for column in told:
            for value in _categories(place, column, row[column]):
                said[column].setdefault(value, line)
            if column == "true" and row[column].strip():
                known.setdefault(name, line)
        for value in said["absent"].keys() & said["observed"].keys():
            raise InputError(f"{place}: {name} has {value!r} as observed and as absent; wanted one of them")
        if "split" in columns:
            value = row["split"].strip()
            if value not in SPLITS[:2] or split.setdefault(name, value) != value:
                other = f" (another row of {name} has {split[name]!r})" if value in SPLITS[:2] else ""
                raise InputError(f"{place}, split: found {value!r}{other}, wanted train or val, in each row")
    named: dict[str, int] = {}  # category -> the first line that names it
    for said in images.values():
        for of_column in said.values():
            for value, line in of_column.items():
                named[value] = min(line, named.get(value, line))
    wanted = sorted(named) if category is None else list(category)
    number = {value: place for place, value in enumerate(wanted)}
    for value, line in sorted(named.items(), key=lambda item: item[1]):
        if value not in number:
            near = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(value, wanted, 1))
            some = ", ".join(wanted[:20]) + (f", ... ({len(wanted):,})" if len(wanted) > 20 else "")
            raise InputError(f"{path}: line {line}: found category {value!r}, wanted one of {some}{near}")
    paths = sorted(images)
    shape = len(paths), len(wanted)
    label, observed = np.zeros(shape, np.int8), np.zeros(shape, np.int8)
    for row_number, name in enumerate(paths):
        said = images[name]
        if name not in known:
            label[row_number] = UNKNOWN
        for matrix, column, sign in ((label, "true", 1), (observed, "observed", 1), (observed, "absent", -1)):
            matrix[row_number, [number[one] for one in said[column]]] = sign
    splits = np.array([SPLITS.index(split[name]) for name in paths], np.uint8) if "split" in columns else None
    return ImageTable(paths, wanted, label, observed if "observed" in columns else None, splits)


def _columns(path: str, rows: Sequence[Mapping[str, str]]) -> set[str]:
    """The columns that the table has, of those that have a meaning here."""
    if not rows:
        raise InputError(f"{path}: found no row, wanted one an image, with {WANTED}")
    for name in rows[0]:
        if name not in COLUMNS and (near := difflib.get_close_matches(name.strip().lower(), COLUMNS, 1, cutoff=0.8)):
            raise InputError(f"{path}: found column {name!r}, wanted {WANTED}; did you mean {near[0]}?")
    columns = set(rows[0]) & set(COLUMNS)
    if "path" not in columns or not columns & {"observed", "true"}:
        raise InputError(f"{path}: found columns {', '.join(map(repr, rows[0]))}, wanted {WANTED}")
    return columns


def _path(place: str, text: str) -> str:
    name = restored(text.strip())
    short = posixpath.normpath(name)
    if short == "." or not name.isprintable() or name.startswith("/") or ".." in name.split("/"):
        raise InputError(f"{place}, path: found {text!r}, wanted a path inside the folder of the pictures")
    return short


def _categories(place: str, column: str, cell: str) -> Iterable[str]:
    """The categories in a cell."""
    names = [restored(name.strip()) for name in restored(cell.strip()).split(";")]
    names = [name for name in names if name]
    if column == "true" and names == [NONE]:
        return []
    for name in names:
        if not name.isprintable() or name == NONE:
            wanted = f"{NONE} alone, in column true" if name == NONE else "text without control characters"
            raise InputError(f"{place}, {column}: found {name!r}, wanted names of categories separated by ; ({wanted})")
    return names


def read_categories(path: str) -> list[str]:
    """The categories of a text file, a name on each line, in order, empty lines skipped.

    Raises
    ------
    InputError
        When the file is missing or no text, a name stands there twice, or there is none.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted the name of a category on each line") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error}); wanted the name of a category on each line") from error
    found: dict[str, int] = {}
    for number, name in enumerate(lines, 1):
        if name in found:
            raise InputError(f"{path}: line {number}: found {name!r}, also on line {found[name]}; wanted each once")
        if ";" in name or name == NONE or not name.isprintable():
            raise InputError(f"{path}: line {number}: found {name!r}, wanted a name without ; and control characters")
        if name:
            found[name] = number
    if not found:
        raise InputError(f"{path}: found no line, wanted the name of a category on each")
    return list(found)
