import numpy as np
import pytest

from spml.artifacts import blocks, entries, labels
from spml.artifacts.entries import Entries

MATRIX = np.array([[0, 1, 0, -1], [0, 0, 0, 0], [-1, -1, 1, -1], [1, 0, 0, 0]], np.int8)


def made():
    """Return MATRIX from its entries, which come in no order; one row is unknown but for an entry."""
    row, column = np.array([2, 0, 3, 0]), np.array([2, 1, 0, 3])
    return Entries(row, column, np.array([1, 1, 1, -1]), np.array([0, 0, -1, 0]), 4)


def test_a_block_of_rows_is_that_of_the_dense_matrix():
    held = made()
    assert held.shape == (4, 4) and held.dtype == np.int8 and (np.asarray(held) == MATRIX).all()
    for rows in (slice(1, 3), slice(0, 0), np.array([3, 0, 0, 2])):
        assert (held[rows] == MATRIX[rows]).all()


def test_rows_are_taken_in_any_order():
    taken = made().take([2, 2, 0])
    assert (taken[:] == MATRIX[[2, 2, 0]]).all() and taken.shape == (3, 4)


def test_the_last_of_two_codes_of_one_entry_counts():
    held = Entries(np.array([0, 0]), np.array([1, 1]), np.array([1, -1]), np.zeros(1, np.int8), 2)
    assert held[:].tolist() == [[0, -1]]


def test_rows_with_a_code_are_those_with_such_an_entry():
    assert made().rows_with(1).tolist() == [0, 2, 3] and made().rows_with(-1).tolist() == [0]


def test_counts_are_those_of_the_dense_matrix():
    assert labels.count(made(), 1).tolist() == (MATRIX == 1).sum(0).tolist()


@pytest.mark.parametrize("step", [1, 3, 10])
def test_matrices_are_held_and_joined_as_they_are(step):
    parts = [entries.of_matrix(MATRIX[start : start + step]) for start in range(0, 4, step)]
    assert (entries.joined(parts, 4)[:] == MATRIX).all()
    assert entries.joined([], 4).shape == (0, 4)


def test_memory_grows_with_the_entries_not_with_the_matrix():
    few = Entries(np.arange(1000), np.zeros(1000, int), np.ones(1000), np.zeros(1000, np.int8), 1_000_000)
    stored = sum(getattr(few, name).nbytes for name in ("_column", "_code", "_start", "otherwise"))
    assert stored < 20_000 and few[:2].sum() == 2
    assert blocks.rows_of_block(few.shape) < 1000
