"""The table of images of sources csv and image_folder: a row an image, with what was observed of it and what is true.

Columns: ``path``; ``observed`` and ``absent``, categories that somebody saw to be present or absent; ``true``, all that are
present, ``-`` where none is, empty where nobody knows; ``split``, train or val. Several categories are separated by ``;``.
Rows of the same image are taken together. Names may be escaped as in the pipeline's own tables (see spml.artifacts.spreadsheet).
"""

import difflib
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spml.artifacts.labels import SPLITS, UNKNOWN
from spml.artifacts.spreadsheet import restored
from spml.data import text_files
from spml.data.csv_rows import read_rows
from spml.runtime.errors import InputError

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
    observed: np.ndarray | None  # int8 [N, L]: 1 present, 0 unobserved, -1 observed absent; None without such columns
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
    images: dict[str, int] = {}  # path -> its number, in order of appearance
    names: dict[str, tuple[int, int]] = {}  # category -> its number, and the line that names it first
    said: dict[str, list[tuple[int, int, int]]] = {
        name: [] for name in LABELS if name in columns
    }  # image, category, line
    known: set[int] = set()  # images whose true labels are
    split: dict[int, str] = {}
    parsed: dict[tuple[str, str], tuple[str, ...]] = {}  # cells of the same text say the same
    for line, row in enumerate(rows, 2):  # the first is the header
        image = images.setdefault(_path(path, line, row["path"]), len(images))
        for column, entries in said.items():
            cell = row[column]
            if (column, cell) not in parsed:
                parsed[column, cell] = tuple(_categories(path, line, column, cell))
            for name in parsed[column, cell]:
                entries.append((image, names.setdefault(name, (len(names), line))[0], line))
            if column == "true" and cell.strip():
                known.add(image)
        if "split" in columns:
            value = row["split"].strip()
            if value not in SPLITS[:2] or split.setdefault(image, value) != value:
                other = f" (another row of {row['path']} has {split[image]!r})" if value in SPLITS[:2] else ""
                raise InputError(
                    f"{path}: line {line}, split: found {value!r}{other}, wanted train or val, in each row"
                )
    wanted = sorted(names) if category is None else list(category)
    _require_categories(path, names, wanted)
    paths = sorted(images)
    place = np.empty(len(images), np.int64)  # of an image by its number
    place[[images[name] for name in paths]] = np.arange(len(paths))
    at = {name: column for column, name in enumerate(wanted)}
    column_of = np.array([at[name] for name in names], np.int64)  # of a category by its number
    observed, absent, label = (_filled(said.get(name, []), place, column_of, len(wanted)) for name in LABELS)
    label[place[[image for image in range(len(images)) if image not in known]]] = UNKNOWN
    if (observed & absent).any():
        row_number, number = np.argwhere(observed & absent)[0]
        of = {entry[:2]: entry[2] for name in ("observed", "absent") for entry in said[name]}
        line = of[images[paths[row_number]], names[wanted[number]][0]]
        raise InputError(
            f"{path}: line {line}: {paths[row_number]} has {wanted[number]!r} as observed and as absent; wanted one of them"
        )
    splits = np.array([SPLITS.index(split[images[name]]) for name in paths], np.uint8) if "split" in columns else None
    return ImageTable(paths, wanted, label, observed - absent if columns & {"observed", "absent"} else None, splits)


def _require_categories(path: str, names: Mapping[str, tuple[int, int]], wanted: Sequence[str]) -> None:
    """Raise InputError where the table names a category that is not wanted."""
    known = set(wanted)
    for name, (_, line) in names.items():
        if name not in known:
            near = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(name, wanted, 1))
            some = ", ".join(wanted[:20]) + (f", ... ({len(wanted):,})" if len(wanted) > 20 else "")
            raise InputError(f"{path}: line {line}: found category {name!r}, wanted one of {some}{near}")


def _filled(
    entries: Sequence[tuple[int, int, int]], place: np.ndarray, column_of: np.ndarray, categories: int
) -> np.ndarray:
    """int8 [N, L]: 1 where there is an entry."""
    matrix = np.zeros((len(place), categories), np.int8)
    numbers = np.array(entries, np.int64).reshape(-1, 3)
    matrix[place[numbers[:, 0]], column_of[numbers[:, 1]]] = 1
    return matrix


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


def _path(path: str, line: int, text: str) -> str:
    name = restored(text.strip())
    short = posixpath.normpath(name)
    if short == "." or not name.isprintable() or name.startswith("/") or ".." in name.split("/"):
        raise InputError(f"{path}: line {line}, path: found {text!r}, wanted a path inside the folder of the pictures")
    return short


def _categories(path: str, line: int, column: str, cell: str) -> Iterable[str]:
    """The categories in a cell."""
    names = [restored(name.strip()) for name in restored(cell.strip()).split(";")]
    names = [name for name in names if name]
    if column == "true" and names == [NONE]:
        return []
    for name in names:
        if not name.isprintable() or name == NONE:
            wanted = f"{NONE} alone, in column true" if name == NONE else "text without control characters"
            raise InputError(
                f"{path}: line {line}, {column}: found {name!r}, wanted names of categories separated by ; ({wanted})"
            )
    return names


def read_categories(path: str) -> list[str]:
    """The categories of a text file, a name on each line, in order, empty lines skipped.

    Raises
    ------
    InputError
        When the file is missing or no text, a name stands there twice, or there is none.
    """
    text = text_files.read(Path(path), "the name of a category on each line")
    lines = [line.strip() for line in text.split("\n")]
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
