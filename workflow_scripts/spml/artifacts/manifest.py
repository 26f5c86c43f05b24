"""The manifest of a part: its images, a row each, in protocol order."""

import csv
import functools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spml.artifacts.spreadsheet import escaped, restored
from spml.runtime.errors import InputError
from spml.runtime.files import writing

COLUMNS = ("image_id", "file_name", "path")


@dataclass
class Manifest:
    """Row-aligned: the ids, the names in the annotation file, the paths to open."""

    image_id: list[str]
    file_name: list[str]
    path: list[str]


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write rows of image_id, file_name, path; names that look like formulas are escaped (see spml.artifacts.spreadsheet)."""
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(escaped, row) for row in rows)


def read(path: str | os.PathLike) -> Manifest:
    """Read a manifest; raises InputError where its columns are others."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path}: found columns {rows[0] if rows else 'none'}, wanted {', '.join(COLUMNS)}")
    columns = list(zip(*rows[1:], strict=True)) or [(), (), ()]
    return Manifest(*(list(map(restored, column)) for column in columns))


def links_out_of(folder: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The paths that links lead out of the folder, each with where it leads."""
    root = os.path.realpath(folder)
    of_folder = functools.cache(os.path.realpath)  # few folders, many paths
    for path in paths:
        parent, name = os.path.split(path)
        real = os.path.realpath(path) if os.path.islink(path) else os.path.join(of_folder(parent), name)
        if os.path.commonpath([root, real]) != root:
            yield path, real
