"""Pictures that are there more than once, by the bytes of their files, or of their rows of features."""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass

import numpy as np

from spml.artifacts import features, picture_files, tables
from spml.artifacts.spreadsheet import escaped
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

COLUMNS = ("group", "kind", "part", "split", "image_id", "path")
KINDS = {  # kind to the words after "the same picture"
    "train and test": "in the training part and in the test part: the test measures what was learnt by heart",
    "train and val": "in the split train and in the split val: models are chosen on pictures that they trained on",
    "one split": "under several ids in one split: they count several times",
}


@dataclass(frozen=True)
class Picture:
    """A listed picture."""

    part: str
    split: str
    image_id: str
    path: str


def find(pictures: Sequence[Picture], threads: int) -> list[list[Picture]]:
    """Return the groups of pictures whose files have the same bytes, in the order of the pictures.

    Only files of equal size are read, on that many threads.

    Raises
    ------
    InputError
        When a file is missing, cannot be read, or is no regular file.
    """
    with ThreadPoolExecutor(threads) as pool:
        sizes = list(pool.map(_size, (picture.path for picture in pictures)))
        by_size = _grouped(pictures, sizes)
        candidates = [picture for group in by_size for picture in group]
        progress = Progress("pictures of equal size", len(candidates), "files")
        checksums = []
        for checksum in pool.map(_checksum, (picture.path for picture in candidates)):
            checksums.append(checksum)
            progress.advance()
        progress.finish()
    row_of = {picture: row for row, picture in enumerate(pictures)}
    groups = [sorted(group, key=row_of.__getitem__) for group in _grouped(candidates, checksums)]
    return sorted(groups, key=lambda group: row_of[group[0]])


def of_rows(pictures: Sequence[Picture], files: Sequence[str]) -> list[list[Picture]]:
    """Return the groups of images whose rows in these files of features, one after the other, have the same bytes."""
    checksums: list[bytes] = []
    for path in files:
        with features.reading(path) as stored:
            rows = np.arange(len(stored.image_id))
            for start in range(0, len(rows), stored.block):
                checksums += [hashlib.sha256(row).digest() for row in stored.read(rows[start : start + stored.block])]
    return _grouped(pictures, checksums)


def _grouped(pictures: Iterable[Picture], keys: Iterable[object]) -> list[list[Picture]]:
    """Return the groups of two or more pictures with the same key."""
    groups: dict[object, list[Picture]] = {}
    for picture, key in zip(pictures, keys, strict=True):
        groups.setdefault(key, []).append(picture)
    return [group for group in groups.values() if len(group) > 1]


def _size(path: str) -> int:
    with _readable(path):
        return picture_files.size(path)


def _checksum(path: str) -> str:
    with _readable(path):
        return picture_files.sha256(path)


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    """Raise InputError where the picture cannot be read in the block."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted the picture that the list of images names") from error


def kind(group: Iterable[Picture]) -> str:
    """Return the worst that a group of the same pictures means, a key of ``KINDS``."""
    splits = {picture.split for picture in group}
    if "test" in splits and len(splits) > 1:
        return "train and test"
    return "train and val" if len(splits) > 1 else "one split"


def by_kind(groups: Iterable[Sequence[Picture]]) -> Mapping[str, list[Sequence[Picture]]]:
    """Return the groups by what is said of them, the worst first."""
    members: dict[str, list[Sequence[Picture]]] = {name: [] for name in KINDS}
    for group in groups:
        members[kind(group)].append(group)
    return {KINDS[name]: list(found) for name, found in members.items() if found}


def write(path: str | os.PathLike, groups: Iterable[Sequence[Picture]]) -> None:
    """Write a row for each picture of each group; names are escaped, this table is for people."""
    rows = [
        (number, kind(group), *map(escaped, astuple(picture)))
        for number, group in enumerate(groups, 1)
        for picture in group
    ]
    tables.write_rows(path, [COLUMNS, *rows])
