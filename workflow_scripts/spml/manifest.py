"""The manifest of a part: its images, a row each, in protocol order."""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass

from spml.errors import InputError
from spml.files import writing

COLUMNS = ("image_id", "file_name", "path")


@dataclass
class Manifest:
    """Row-aligned: the ids, the names in the annotation file, the paths to open."""

    image_id: list[str]
    file_name: list[str]
    path: list[str]


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write rows of image_id, file_name, path."""
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def read(path: str | os.PathLike) -> Manifest:
    """Read a manifest; raises InputError where its columns are others."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path}: found columns {rows[0] if rows else 'none'}, wanted {', '.join(COLUMNS)}")
    columns = list(zip(*rows[1:], strict=True)) or [(), (), ()]
    return Manifest(*(list(column) for column in columns))
