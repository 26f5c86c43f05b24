"""The table of images of sources csv, features and image_folder: a row per image, with its observed and its true labels.

Columns: ``path``, or ``id`` for images without pictures; ``observed`` and ``absent``, categories observed to be present or absent; ``true``, all that are
present, ``-`` where none is, empty where the true labels are unknown; ``split``, train or val. Several categories are
separated by ``;``. Rows of the same image are taken together. Names may be escaped as in tables for people
(spml.artifacts.spreadsheet).
"""

import csv
import difflib
import io
import itertools
import posixpath
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.artifacts.entries import Entries
from spml.artifacts.labels import SPLITS
from spml.artifacts.spreadsheet import Row, restored
from spml.data import delimiters, text_files
from spml.runtime.errors import InputError

LABELS = ("observed", "absent", "true")
KEYS = ("path", "id")  # what tells images apart; the first that is there
COLUMNS = (*KEYS, *LABELS, "split")
SHOWN = 20  # known categories in a message
KEPT = 100_000  # parsed cells
NONE = "-"  # in column true: no category is present
WANTED = (
    "path, and observed or true (perhaps absent and split; id in place of path without pictures), separated by commas"
)


@dataclass
class ImageTable:
    """Rows sorted by path: N images, matrices of L categories."""

    path: list[str]  # or ids
    category: list[str]
    label: Entries  # [N, L], TrueLabel
    observed: Entries | None  # [N, L], ObservedLabel; None without such columns
    split: np.ndarray | None  # uint8 [N]: 0 train, 1 val; None without such a column
    line_of: dict[str, int]  # category to the line that names it first


def read(path: str, category: Sequence[str] | None = None) -> ImageTable:
    """Return the table of a file, with these categories in that order; by default all that it names, sorted.

    Raises
    ------
    InputError
        When a column or a path is missing, a category is unknown, or two cells contradict each other: names the line.
    """
    columns, every = _rows_of_images(path)
    key = _key(columns)
    images: dict[str, int] = {}  # path to its number, in order of appearance
    names: dict[str, tuple[int, int]] = {}  # category to its number, and the line that names it first
    entries = {name: array("q") for name in LABELS if name in columns}  # column to image, category, line, and so on
    known: set[int] = set()  # numbers of the images whose true labels are known
    split: dict[int, str] = {}
    parsed: dict[tuple[str, str], tuple[str, ...]] = {}  # column and cell to categories: many cells are the same
    for row in every:
        line = row.line
        image = images.setdefault(_name(path, line, key, row[key]), len(images))
        for column, column_entries in entries.items():
            cell = row[column]
            if (column, cell) not in parsed:
                if len(parsed) == KEPT:
                    parsed.clear()
                parsed[column, cell] = tuple(_categories(path, line, column, cell))
            for name in parsed[column, cell]:
                column_entries.extend((image, names.setdefault(name, (len(names), line))[0], line))
            if column == "true" and cell.strip():
                known.add(image)
        if "split" in columns:
            value = row["split"].strip()
            if value not in SPLITS[:2] or split.setdefault(image, value) != value:
                other = f" (another row of {row[key]} has {split[image]!r})" if value in SPLITS[:2] else ""
                raise InputError(
                    f"{path}: line {line}, split: found {value!r}{other}, wanted train or val, in each row"
                )
    wanted = sorted(names) if category is None else list(category)
    _require_categories(path, names, wanted)
    paths = sorted(images)
    row_of = np.empty(len(images), np.int64)  # number of an image to its row
    row_of[[images[name] for name in paths]] = np.arange(len(paths))
    position = {name: column for column, name in enumerate(wanted)}
    column_of = np.array([position[name] for name in names], np.int64)  # number of a category to its column
    cells = {}  # column of the table to row, column and line of each entry, int64 [K, 3]
    for name in LABELS:
        found = np.array(entries.get(name, ()), np.int64).reshape(-1, 3)
        cells[name] = np.stack([row_of[found[:, 0]], column_of[found[:, 1]], found[:, 2]], 1)
    _require_no_contradiction(path, cells["observed"], cells["absent"], paths, wanted)
    shape = len(images), len(wanted)
    label = _codes({TrueLabel.PRESENT: cells["true"]}, shape)
    label.otherwise[row_of[[image for image in range(len(images)) if image not in known]]] = TrueLabel.UNKNOWN
    observed = _codes({ObservedLabel.PRESENT: cells["observed"], ObservedLabel.ABSENT: cells["absent"]}, shape)
    splits = np.array([SPLITS.index(split[images[name]]) for name in paths], np.uint8) if "split" in columns else None
    first_line = {name: line for name, (_, line) in names.items()}
    return ImageTable(paths, wanted, label, observed if columns & {"observed", "absent"} else None, splits, first_line)


def read_rows(path: str, wanted: str) -> list[Row]:
    """Return the rows of a CSV file in UTF-8; errors as ``rows``."""
    return list(rows(path, wanted))


def rows(path: str, wanted: str) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8; ``wanted`` names the expected columns in messages.

    Raises
    ------
    InputError
        When the file is missing, no text or no table: names the line.
    """
    text = text_files.read(Path(path), f"a CSV file with {wanted}", newlines=False)
    columns: list[str] = []
    reader, separator, skipped = delimiters.reader(io.StringIO(text, newline=""), strict=True)
    line = skipped + 1  # on which the next row begins; a cell in quotes may hold line breaks
    try:
        for cells in reader:
            if cells and not columns:
                columns = cells
                if repeated := sorted({name for name in columns if name and columns.count(name) > 1}):
                    raise InputError(f"{path}: found column {repeated[0]!r} more than once, wanted each once")
            elif len(cells) > len(columns):
                raise InputError(
                    f"{path}: line {line}: found {len(cells)} cells, wanted {len(columns)}, one per column; several categories "
                    f"of a cell are separated by ;{', in quotes' if separator == ';' else ''}"
                )
            elif cells:  # no empty line
                missing = [""] * (len(columns) - len(cells))
                yield Row(zip(columns, [*cells, *missing], strict=True), line, len(cells))
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: line {line}: not a CSV file ({error}); wanted {wanted}") from error


def _require_categories(path: str, names: Mapping[str, tuple[int, int]], wanted: Sequence[str]) -> None:
    """Raise InputError where the table names categories that are not wanted: one message names all, and what to do."""
    known = set(wanted)
    unknown = [(name, line) for name, (_, line) in names.items() if name not in known]
    if not unknown:
        return
    some = ", ".join(wanted[:SHOWN]) + (f", ... ({len(wanted):,})" if len(wanted) > SHOWN else "")
    remedy = "rename them, take them out, or name them in a training row too (or in the list of categories)"
    if len(unknown) == 1:
        ((name, line),) = unknown
        near = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(name, wanted, 1))
        raise InputError(f"{path}: line {line}: found category {name!r}, wanted one of {some}{near}; {remedy}")
    listed = []
    for name, line in unknown:
        near = "".join(f", did you mean {close}?" for close in difflib.get_close_matches(name, wanted, 1))
        listed.append(f"{name!r} (line {line}{near})")
    raise InputError(f"{path}: found {len(unknown)} unknown categories: {', '.join(listed)}; wanted {some}; {remedy}")


def _require_no_contradiction(
    path: str, observed: np.ndarray, absent: np.ndarray, images: Sequence[str], category: Sequence[str]
) -> None:
    """Raise InputError where an entry, a row of int64 [K, 3] with the line last, is observed to be present and absent."""
    numbers = [cells[:, 0] * len(category) + cells[:, 1] for cells in (observed, absent)]
    both = np.intersect1d(*numbers)
    if len(both):
        row, column = divmod(int(both[0]), len(category))
        line = int(absent[numbers[1] == both[0], 2].max())
        raise InputError(
            f"{path}: line {line}: {images[row]} has {category[column]!r} as observed and as absent; wanted one of them"
        )


def _codes(cells: Mapping[int, np.ndarray], shape: tuple[int, int]) -> Entries:
    """Return the labels [N, L] whose entries, int64 [K, 3], have these codes; all others are zero."""
    code = np.concatenate([np.full(len(found), value, np.int8) for value, found in cells.items()])
    row, column, _ = np.concatenate([*cells.values()]).T
    return Entries(row, column, code, np.zeros(shape[0], np.int8), shape[1])


def _rows_of_images(path: str) -> tuple[set[str], Iterator[Row]]:
    """Return the columns of a table of images that have a meaning here, and its rows."""
    every = rows(path, WANTED)
    first = list(itertools.islice(every, 1))
    return _columns(path, first), itertools.chain(first, every)


def _columns(path: str, rows: Sequence[Mapping[str, str]]) -> set[str]:
    """Return the columns of the table that have a meaning here."""
    if not rows:
        raise InputError(f"{path}: found no row, wanted one per image, with {WANTED}")
    for name in rows[0]:
        if name not in COLUMNS and (near := difflib.get_close_matches(name.strip().lower(), COLUMNS, 1, cutoff=0.8)):
            raise InputError(f"{path}: found column {name!r}, wanted {WANTED}; did you mean {near[0]}?")
    columns = set(rows[0]) & set(COLUMNS)
    if not columns & set(KEYS) or not columns & {"observed", "true"}:
        raise InputError(f"{path}: found columns {', '.join(map(repr, rows[0]))}, wanted {WANTED}")
    return columns


def _key(columns: Collection[str]) -> str:
    """Return the column that tells images apart."""
    return next(key for key in KEYS if key in columns)


def in_order(path: str) -> list[str]:
    """Return the images of a table in the order of its rows.

    Raises
    ------
    InputError
        When an image has several rows, so that no row of a matrix is its own; or as ``read``.
    """
    line_of: dict[str, int] = {}
    for name, line in _images(path):
        if name in line_of:
            raise InputError(
                f"{path}: line {line}: found {name!r}, also on line {line_of[name]}; wanted each image once, since the rows of the "
                "features follow those of the table (or ids beside the features)"
            )
        line_of[name] = line
    return list(line_of)


def images(path: str) -> list[str]:
    """Return the images of a table, each once, in the order of their first rows; errors as ``read``."""
    return list(dict(_images(path)))


def _images(path: str) -> Iterator[tuple[str, int]]:
    """Yield the image of each row of a table, and its line."""
    columns, every = _rows_of_images(path)
    key = _key(columns)
    for row in every:
        yield _name(path, row.line, key, row[key]), row.line


def _name(path: str, line: int, key: str, text: str) -> str:
    """Return the id of an image in a cell, or its path, without detours."""
    name = restored(text.strip())
    if key == "id":
        if not name or not name.isprintable():
            raise InputError(f"{path}: line {line}, id: found {text!r}, wanted text without control characters")
        return name
    short = posixpath.normpath(name)
    if short == "." or not name.isprintable() or name.startswith("/") or ".." in name.split("/"):
        raise InputError(
            f"{path}: line {line}, path: found {text!r}, wanted a path inside the folder of the pictures, from that folder on, as "
            f"{posixpath.basename(name) or 'photo.jpg'!r}"
        )
    return short


def _categories(path: str, line: int, column: str, cell: str) -> Iterable[str]:
    """Return the categories in a cell."""
    names = [restored(name.strip()) for name in cell.split(";")]
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


def read_categories(path: str) -> dict[str, int]:
    """Return the categories of a text file, a name on each line, in order, with their lines; empty lines are skipped.

    Raises
    ------
    InputError
        When the file is missing or no text, holds a name twice, or holds none.
    """
    text = text_files.read(Path(path), "the name of a category on each line")
    lines = [line.strip() for line in text.split("\n")]
    line_of: dict[str, int] = {}
    for number, name in enumerate(lines, 1):
        if name in line_of:
            raise InputError(f"{path}: line {number}: found {name!r}, also on line {line_of[name]}; wanted each once")
        if ";" in name or name == NONE or not name.isprintable():
            raise InputError(f"{path}: line {number}: found {name!r}, wanted a name without ; and control characters")
        if name:
            line_of[name] = number
    if not line_of:
        raise InputError(f"{path}: found no line, wanted the name of a category on each")
    return line_of
