"""Matrices [N, L] that do not fit in memory: read and computed a block at a time.

What takes a ``Rows`` also takes an array.
"""

from __future__ import annotations  # the plan reads records of modules that import this one, without NumPy

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from spml.runtime.lazy import np

ENTRIES = 1 << 22  # of a block of rows: 32 MB as float64
SAMPLED_ENTRIES = 1 << 22  # of a sample
COLUMN_ENTRIES = 1 << 28  # of a block of columns, which holds all rows: 1 GB as float32


class Rows(Protocol):
    """A matrix [N, L] that is read where it is indexed: by a slice of rows, or by all rows and a slice of columns."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, key: Any, /) -> np.ndarray: ...


class Mapped:
    """What a function returns for each block of some matrices [N, L]; each entry depends on theirs alone."""

    def __init__(self, function: Callable[..., np.ndarray], *matrices: Rows) -> None:
        self._function, self._matrices = function, matrices

    @property
    def shape(self) -> tuple[int, ...]:
        return self._matrices[0].shape

    def __getitem__(self, key: Any, /) -> np.ndarray:
        return self._function(*(matrix[key] for matrix in self._matrices))


def gathered(matrix: Rows, dtype: type) -> np.ndarray:
    """Return a matrix as an array of a type, computed a block of rows at a time."""
    array: np.ndarray = np.empty(matrix.shape, dtype)
    for rows in row_blocks(matrix.shape):
        array[rows] = matrix[rows]
    return array


def count(matrix: Rows, holds: Callable[[np.ndarray], np.ndarray]) -> int:
    """Return for how many entries a condition holds."""
    return sum(int(np.count_nonzero(holds(matrix[rows]))) for rows in row_blocks(matrix.shape))


def some(matrix: Rows, holds: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Return whether a condition holds for an entry; reads no further than the first block that has one."""
    return any(holds(matrix[rows]).any() for rows in row_blocks(matrix.shape))


def rows_of_block(shape: Sequence[int], multiple: int = 1) -> int:
    """Return the number of rows of a block of about ``ENTRIES`` entries, a multiple of ``multiple``."""
    return max(ENTRIES // max(math.prod(shape[1:]), 1) // multiple, 1) * multiple


def row_blocks(shape: Sequence[int], multiple: int = 1) -> Iterator[slice]:
    """Yield slices of rows that cover a matrix of this shape in order, each of ``rows_of_block`` rows but for the last."""
    yield from _slices(shape[0], rows_of_block(shape, multiple))


def column_blocks(shape: Sequence[int], parts: int = 1) -> Iterator[slice]:
    """Yield slices of columns that cover a matrix of this shape in order, each of about ``COLUMN_ENTRIES / parts`` entries.

    Files are stored by rows: a slice of columns is read by decompressing all of the matrix.
    """
    yield from _slices(shape[1], max(COLUMN_ENTRIES // parts // max(shape[0], 1), 1))


def sampled(*matrices: Rows, most: int | None = None) -> tuple[np.ndarray, ...]:
    """Return the same rows of matrices [N, L] as arrays: all, or evenly spaced ones, where there are too many to fit a model.

    These are about ``SAMPLED_ENTRIES`` entries of a matrix at most, and at most ``most`` rows.
    """
    images, categories = matrices[0].shape
    limit = max(SAMPLED_ENTRIES // max(categories, 1), 1)
    step = -(-images // (min(limit, most) if most else limit)) or 1
    return tuple(
        np.concatenate([matrix[rows][::step] for rows in row_blocks(matrix.shape, step)] or [matrix[:0]])
        for matrix in matrices
    )


def _slices(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
