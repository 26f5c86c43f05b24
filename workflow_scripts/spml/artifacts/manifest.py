"""The manifest of a part: a row per image, in protocol order, with names that are not escaped."""

import csv
import functools
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spml.artifacts import records
from spml.runtime import files
from spml.runtime.errors import InputError

COLUMNS = ("image_id", "file_name", "path")
POOL = "pool:"  # begins the ids of the images of a pool, whose files may be named as those of training images


@dataclass
class Manifest:
    """Row-aligned: ids, file names as in the annotations, paths to open."""

    image_id: list[str]
    file_name: list[str]
    path: list[str]


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write rows of image_id, file_name, path."""
    records.write_csv(path, "manifest", itertools.chain([COLUMNS], rows))


def write_tars(folder: str | os.PathLike, rows: Iterable[tuple[str, str]]) -> None:
    """Write which tars each shard of a part reads pictures from, rows of shard and tar, beside the manifests of the shards."""
    with files.writing(os.path.join(folder, "tars.tsv")) as part, open(part, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, "excel-tab", lineterminator="\n").writerows(rows)


def read(path: str | os.PathLike) -> Manifest:
    """Read a manifest; raise InputError where it is damaged, was moved, or has other columns or an id twice."""
    record = records.verify(path, "manifest")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV file ({error}); {records.advice(path, record)}") from error
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise InputError(
            f"{path}: found columns {rows[0] if rows else 'none'}, wanted {', '.join(COLUMNS)} in every row; "
            f"{records.advice(path, record)}"
        )
    if len({row[0] for row in rows}) < len(rows):
        raise InputError(f"{path}: found an image_id in two rows, wanted each once; {records.advice(path, record)}")
    columns = list(zip(*rows[1:], strict=True)) or [(), (), ()]
    return Manifest(*map(list, columns))


def links_out_of(folder: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the paths that links lead out of the folder, each with the path that it leads to."""
    root = os.path.realpath(folder)
    resolved = functools.cache(os.path.realpath)  # few folders, many paths
    for path in paths:
        parent, name = os.path.split(path)
        real = os.path.realpath(path) if os.path.islink(path) else os.path.join(resolved(parent), name)
        if os.path.commonpath([root, real]) != root:
            yield path, real
