"""What the readers of matrices share: where a matrix lies, what it is, and rows in blocks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spml.artifacts import regular_files
from spml.runtime.errors import InputError

BLOCK = 1 << 24  # bytes of rows that are read at a time, about
NUMBERS = "fiub"  # kinds of NumPy types that are taken
WANTED = "a matrix of numbers, a row per image: npy, HDF5, Parquet, or a folder with img_emb/ and metadata/"
FEATURES = ("feature", "features", "embedding", "embeddings")  # names that a data set or column of features may have
IDS = ("image_id", "id", "image_path", "path")  # names that a data set or column of ids may have
SHOWN = 5  # names in a message

Read = Callable[[np.ndarray], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Source:
    """Where a matrix lies.

    Attributes
    ----------
    path : a file, or a folder with img_emb/ and metadata/
    column : the HDF5 data set, or the Parquet column, of the features; empty: the one that is there
    id_column : likewise of the ids
    ids : a file of ids, an npy file or a text file with an id on each line; empty: those of the matrix, if it has some
    """

    path: str
    column: str = ""
    id_column: str = ""
    ids: str = ""


@dataclass(frozen=True)
class Opened:
    """What the reader of a format returns: shape, type and reader of a matrix, and a reader of the ids that are in it."""

    shape: tuple[int, int]
    dtype: np.dtype
    read: Read
    ids: Callable[[], list[str]] | None = None


@dataclass(frozen=True)
class Matrix:
    """An open matrix [N, D]; ``ids`` are None where it has none."""

    path: str
    shape: tuple[int, int]
    dtype: np.dtype
    ids: list[str] | None = field(repr=False)
    read: Read = field(repr=False)  # yields the rows with these numbers, in their order, in blocks


def head(path: str, wanted: str) -> bytes:
    """Return the first bytes of a file; raise InputError where it cannot be read."""
    try:
        with regular_files.open_to_read(path) as file:
            return file.read(8)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted {wanted}") from error


def without_columns(source: Source, what: str) -> None:
    """Raise InputError where columns are named of a file that has none."""
    for key, value in (("column", source.column), ("id_column", source.id_column)):
        if value:
            raise InputError(f"{source.path}: found {key} {value!r}, but {what} has no columns; wanted none there")


def require_matrix(path: str, matrix: Any, name: str = "") -> Any:
    """Return what has a shape and a type; raise InputError unless it is a matrix of numbers with a row and a column at least."""
    if len(matrix.shape) != 2 or matrix.dtype.kind not in NUMBERS or not all(matrix.shape):
        found = f"data set {name!r}, " if name else ""
        raise InputError(f"{path}: found {found}{matrix.dtype} of shape {tuple(matrix.shape)}; wanted {WANTED}")
    return matrix


def row_blocks(rows: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Yield row numbers in blocks; ``width`` is the size of a row in bytes."""
    step = max(1, BLOCK // max(width, 1))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def some(names: Sequence[str]) -> str:
    """Return the first names of a list in words."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more if names else "none"
