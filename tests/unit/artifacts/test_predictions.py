"""The table of predictions is read as it was written."""

import csv

import numpy as np
import pytest

from spml.artifacts import predictions
from spml.runtime.errors import InputError

CATEGORY = ["cat", "dog; wild", "dog", "image", "=sum"]


def write(path, rows, header=None):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([predictions.header(CATEGORY) if header is None else header, *rows])
    return path


def test_a_table_is_read_as_it_was_written(tmp_path):
    probability = [0.9, 0.8, 0.7, 0.1, 0.25]
    rows = [
        predictions.cells("a.jpg", ["=sum", "dog; wild", "dog"], ["=sum > 0.5"], probability),
        predictions.problem_cells("=b.jpg", "=b.jpg: not a picture", len(CATEGORY)),
        predictions.cells("c.jpg", [], [], probability),
    ]
    first, second, third = predictions.read(write(tmp_path / "table.csv", rows), CATEGORY)
    assert first.image == "a.jpg" and first.labels == ["=sum", "dog; wild", "dog"] and first.problem == ""
    assert np.array_equal(first.probability, probability)
    assert (second.image, second.problem, list(second.probability)) == ("=b.jpg", "=b.jpg: not a picture", [])
    assert third.labels == []


def test_further_columns_are_passed_over(tmp_path):
    rows = [["new", *predictions.cells("a.jpg", ["cat"], [], [0.9, 0, 0, 0, 0])]]
    (row,) = predictions.read(write(tmp_path / "t.csv", rows, ["more", *predictions.header(CATEGORY)]), CATEGORY)
    assert row.image == "a.jpg" and row.labels == ["cat"] and row.probability[0] == 0.9


def test_a_table_of_another_model_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", [predictions.cells("a.jpg", ["bird"], [], [0] * 5)])
    with pytest.raises(InputError, match=r"t\.csv: line 2: found labels 'bird', wanted categories of the model"):
        list(predictions.read(path, CATEGORY))
    with pytest.raises(InputError, match=r"t\.csv: found no column 'bird'"):
        list(predictions.read(path, ["bird"]))
