"""Yeast as the package has it, and what is said where it does not."""

import gzip
import importlib.util

import numpy as np
import pytest

from spml.data import yeast
from spml.runtime.errors import InputError


def test_the_package_has_the_published_numbers():
    features, present, functions = yeast.read(yeast.file())
    assert features.shape == (2417, 103) and features.dtype == np.float32 and np.isfinite(features).all()
    assert functions == [f"Class{number}" for number in range(1, 15)]
    assert round(present.sum(1).mean(), 3) == 4.237 and present.any(1).all()
    sizes = [len(present[rows]) for rows in yeast.PARTS.values()]
    assert sizes == [1500, 917]
    first = np.flatnonzero(present[0]).tolist()  # as MULAN's file begins
    assert first == [6, 7, 11, 12] and features[0, :3].round(6).tolist() == pytest.approx(
        [0.004168, -0.170975, -0.156748]
    )


def test_a_missing_package_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"comes with the Python package river: found no such package; wanted river 0\.26"
    ):
        yeast.file()


def test_another_file_is_refused(tmp_path):
    with gzip.open(tmp_path / "yeast.csv.gz", "wt", encoding="utf-8") as file:
        file.write("Att1,Class1\n0.5,1\n")
    with pytest.raises(InputError, match="found 1 rows of 2 columns; wanted 2,417 genes"):
        yeast.read(tmp_path / "yeast.csv.gz")
