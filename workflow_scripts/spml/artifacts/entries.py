"""Labels [N, L] of which few entries are named, as annotations and tables name them: the entries alone are held."""

from collections.abc import Sequence

import numpy as np


class Entries:
    """Codes int8 [N, L]; a ``blocks.Rows`` that is dense only where it is indexed, by a slice or an array of rows.

    Attributes
    ----------
    otherwise : int8 [N], the code of all entries of each row that are not named
    """

    def __init__(self, row: np.ndarray, column: np.ndarray, code: np.ndarray, otherwise: np.ndarray, columns: int):
        """Take the row and column of each entry, int64 [K], in any order, and its code; a later one replaces an earlier."""
        order = np.argsort(row, kind="stable")
        self._column, self._code = column[order].astype(np.int32), code[order].astype(np.int8)
        self._start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(otherwise)))]).astype(np.int64)
        self.otherwise = otherwise.astype(np.int8)
        self.shape = (len(otherwise), columns)
        self.dtype = np.dtype(np.int8)

    def __getitem__(self, key: slice | np.ndarray, /) -> np.ndarray:
        """Return rows as int8 [n, L]."""
        rows = np.arange(len(self.otherwise))[key]
        block = np.repeat(self.otherwise[rows, None], self.shape[1], 1)
        entry, count = self._of(rows)
        block[np.repeat(np.arange(len(rows)), count), self._column[entry]] = self._code[entry]
        return block

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or np.int8, copy=False)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Entries":
        """Return these rows, in this order."""
        rows = np.asarray(rows, np.int64)
        entry, count = self._of(rows)
        row = np.repeat(np.arange(len(rows)), count)
        return Entries(row, self._column[entry], self._code[entry], self.otherwise[rows], self.shape[1])

    def rows_with(self, code: int) -> np.ndarray:
        """Return the rows with an entry of this code, int64 [n], in order; ``otherwise`` is not looked at."""
        return np.unique(self._row()[self._code == code])

    def _row(self) -> np.ndarray:
        """Return the row of each entry, int64 [K], in order."""
        return np.repeat(np.arange(len(self.otherwise)), np.diff(self._start))

    def _of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the entries of some rows, a row after the other, and how many each row has."""
        start, count = self._start[rows], self._start[rows + 1] - self._start[rows]
        before = np.cumsum(count) - count
        return np.repeat(start - before, count) + np.arange(count.sum()), count


def of_matrix(matrix: np.ndarray) -> Entries:
    """Return the labels of a dense matrix int8 [N, L] whose entries are mostly zero."""
    row, column = np.nonzero(matrix)
    return Entries(row, column, matrix[row, column], np.zeros(len(matrix), np.int8), matrix.shape[1])


def joined(parts: Sequence[Entries], columns: int) -> Entries:
    """Return the rows of several matrices below each other."""
    lengths = np.cumsum([0] + [len(part.otherwise) for part in parts])
    rows = [part._row() + at for part, at in zip(parts, lengths[:-1], strict=True)]
    none = np.empty(0, np.int64)
    return Entries(
        np.concatenate([none, *rows]),
        np.concatenate([none, *(part._column for part in parts)]),
        np.concatenate([none, *(part._code for part in parts)]),
        np.concatenate([none, *(part.otherwise for part in parts)]),
        columns,
    )
