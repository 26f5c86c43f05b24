"""Rows of feature shards that are mapped to memory: the operating system reads a row when it is used.

Rows that were read stay in the page cache, as far as memory is free.
"""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from spml.artifacts import hdf5
from spml.runtime.errors import InputError


class MappedRows:
    """The rows of some shards [n, D] as one matrix, for reads in any order. Values are not checked."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Map the shards.

        Raises
        ------
        InputError
            When a shard does not hold its features in one piece.
        """
        self._shards = [_MappedShard(path) for path in paths]
        self._starts = np.cumsum([0, *(len(shard.matrix) for shard in self._shards)])

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return a copy of the rows [n, D] with these numbers [n]."""
        first = self._shards[0].matrix
        features = np.empty((len(rows), first.shape[1]), first.dtype)
        for shard, members, numbers in self._by_shard(rows):
            features[members] = shard.matrix[numbers]
        return features

    def prefetch(self, rows: np.ndarray) -> None:
        """Ask the operating system to read these rows in the background."""
        for shard, _, numbers in self._by_shard(rows):
            shard.prefetch(numbers)

    def _by_shard(self, rows: np.ndarray) -> Iterator[tuple["_MappedShard", np.ndarray, np.ndarray]]:
        """Yield each shard that holds some of the rows, which ones (bool [n]), and their numbers in the shard."""
        index = np.searchsorted(self._starts, rows, "right") - 1
        for number in np.unique(index):
            members = index == number
            yield self._shards[number], members, rows[members] - self._starts[number]


class _MappedShard:
    """One shard: its matrix [n, D], and the memory that the file is mapped to."""

    def __init__(self, path: Path) -> None:
        with hdf5.reading(path, "feature_shard") as file:
            dataset = file["feature"]
            offset, shape, dtype = dataset.id.get_offset(), dataset.shape, dataset.dtype
        if offset is None:  # in chunks, as another program may write it
            raise InputError(f"{path}: its features are not stored in one piece; {hdf5.advice('feature_shard')}")
        with open(path, "rb") as opened:
            self._memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._memory.madvise(mmap.MADV_RANDOM)  # read no neighbours of a row
        self._offset = offset
        self.matrix = np.ndarray(shape, dtype, self._memory, offset)

    def prefetch(self, rows: np.ndarray) -> None:
        length = self.matrix.strides[0]
        for start in (self._offset + rows * length).tolist():
            page = start - start % mmap.PAGESIZE
            self._memory.madvise(mmap.MADV_WILLNEED, page, start + length - page)
