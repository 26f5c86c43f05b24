"""Rows of shards that are mapped to memory: the operating system reads a row when it is used.

Rows that were read stay in the page cache, as far as memory is free. The checksum of a row is compared when the row is
read for the first time, so that a check costs no pass over all rows.
"""

import mmap
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spml.runtime.errors import InputError


@dataclass(frozen=True)
class Piece:
    """A matrix [n, D] that lies in one piece in a file, ``offset`` bytes from its start."""

    path: Path
    offset: int
    shape: tuple[int, int]


class MappedRows:
    """The rows of some pieces [n, D] as one matrix [N, D], for reads in any order."""

    def __init__(
        self, pieces: Sequence[Piece], dtype: np.dtype, checksums: np.ndarray, maker: str, advice: Callable[[Path], str]
    ) -> None:
        """Map the pieces; ``checksums`` uint32 [N] are the CRC-32 of each row.

        ``maker`` is the rule that wrote them, ``advice`` tells what to do about a damaged file.

        Raises
        ------
        InputError
            When a file is shorter than its piece.
        """
        self._shards = [_MappedShard(piece, dtype) for piece in pieces]
        self._starts = np.cumsum([0, *(len(shard.matrix) for shard in self._shards)])
        self._checksums, self._maker, self._advice = checksums, maker, advice
        self._checked = np.frombuffer(mmap.mmap(-1, len(checksums) or 1), bool)  # processes that are forked share it
        self._width, self._dtype = pieces[0].shape[1], dtype

    def read(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return a copy of the rows [n, D] with these numbers [n], written to ``out`` where it is named.

        Raises
        ------
        InputError
            When a row differs from what was written: names the file and the row.
        """
        values = np.empty((len(rows), self._width), self._dtype) if out is None else out
        for shard, members, numbers in self._by_shard(rows):
            for index, number in zip(np.flatnonzero(members).tolist(), numbers.tolist(), strict=True):
                values[index] = shard.matrix[
                    number
                ]  # each is copied once: indexing by arrays would copy wide rows twice
        self._check(rows, values)
        return values

    def prefetch(self, rows: np.ndarray) -> None:
        """Ask the operating system to read these rows in the background."""
        for shard, _, numbers in self._by_shard(rows):
            shard.prefetch(numbers)

    def _check(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Compare the rows that are read for the first time with their checksums."""
        for number in np.flatnonzero(~self._checked[rows]):
            row = rows[number]
            if zlib.crc32(values[number]) != self._checksums[row]:
                shard = int(np.searchsorted(self._starts, row, "right")) - 1
                path = self._shards[shard].path
                raise InputError(
                    f"{path}: row {row - self._starts[shard]} differs from what rule {self._maker} wrote: the file is "
                    f"damaged; {self._advice(path)}"
                )
        self._checked[rows] = True

    def _by_shard(self, rows: np.ndarray) -> Iterator[tuple["_MappedShard", np.ndarray, np.ndarray]]:
        """Yield each shard that holds some of the rows, which ones (bool [n]), and their numbers in the shard."""
        index = np.searchsorted(self._starts, rows, "right") - 1
        for number in np.unique(index):
            members = index == number
            yield self._shards[number], members, rows[members] - self._starts[number]


class _MappedShard:
    """One shard: its matrix [n, D], and the memory that the file is mapped to."""

    def __init__(self, piece: Piece, dtype: np.dtype) -> None:
        self.path, self._offset = piece.path, piece.offset
        with open(piece.path, "rb") as opened:
            self._memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._memory.madvise(mmap.MADV_RANDOM)  # read no neighbours of a row
        self.matrix = np.ndarray(piece.shape, dtype, self._memory, piece.offset)

    def prefetch(self, rows: np.ndarray) -> None:
        length = self.matrix.strides[0]
        first, last = int(rows.min()), int(rows.max())
        dense = last - first < 2 * len(rows)  # neighbours: one call asks for all
        starts = np.array([first]) if dense else rows
        size = (last - first + 1) * length if dense else length
        for start in (self._offset + starts * length).tolist():
            page = start - start % mmap.PAGESIZE
            self._memory.madvise(mmap.MADV_WILLNEED, page, start + size - page)
