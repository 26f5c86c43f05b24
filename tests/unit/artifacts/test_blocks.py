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


def test_a_sample_of_no_rows_is_empty():
    assert [matrix.shape for matrix in blocks.sampled(ONE[:0], OTHER[:0])] == [(0, 20), (0, 1)]
