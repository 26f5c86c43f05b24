"""Rows of large matrices."""

import numpy as np
import pytest

from spml.artifacts import blocks

ONE, OTHER = np.arange(400).reshape(20, 20), np.arange(20).reshape(20, 1)


@pytest.mark.parametrize(
    ("entries", "most", "step"),
    [(400, None, 1), (399, None, 2), (100, None, 4), (400, 20, 1), (400, 10, 2), (100, 2, 10)],
)
def test_a_sample_is_of_the_same_rows_evenly_spaced(monkeypatch, entries, most, step):
    monkeypatch.setattr(blocks, "SAMPLED_ENTRIES", entries)
    one, other = blocks.sampled(ONE, OTHER, most=most)
    assert (one == ONE[::step]).all() and (other == OTHER[::step]).all()


class Asked:
    """A matrix that remembers how many rows were asked for at a time."""

    def __init__(self, values):
        self.values, self.shape, self.rows = values, values.shape, []

    def __getitem__(self, key):
        self.rows.append(len(self.values[key]))
        return self.values[key]


def test_an_array_and_a_count_are_made_a_block_at_a_time(monkeypatch):
    monkeypatch.setattr(blocks, "ENTRIES", 60)
    matrix = Asked(ONE)
    found = blocks.gathered(blocks.Mapped(lambda block: block + 1, matrix), np.int16)
    assert (found == ONE + 1).all() and found.dtype == np.int16
    assert blocks.count(matrix, lambda block: block % 2 == 0) == 200
    assert matrix.rows == 2 * [3, 3, 3, 3, 3, 3, 2]
    matrix.rows.clear()
    assert blocks.some(matrix, lambda block: block == 70) and matrix.rows == [3, 3]
    assert not blocks.some(matrix, lambda block: block < 0)
    assert blocks.gathered(ONE[:0], np.int8).shape == (0, 20) and blocks.count(ONE[:0], lambda block: block > 0) == 0


def test_a_sample_of_no_rows_is_empty():
    assert [matrix.shape for matrix in blocks.sampled(ONE[:0], OTHER[:0])] == [(0, 20), (0, 1)]
