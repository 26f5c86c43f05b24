"""What people decided about labels, from the merged table of their answers, laid over observed labels."""

import csv
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spml.artifacts import records
from spml.artifacts.codes import ObservedLabel

YES, NO, UNDECIDED = "yes", "no", "undecided"  # in the column verdict
COLUMNS = ("image_id", "file_name", "category", "answer", "who", "when", "verdict", "file", "position")
CODES = {YES: ObservedLabel.PRESENT.value, NO: ObservedLabel.ABSENT.value}


class Verdict(NamedTuple):
    """A decided label: row and column of the label matrix, and the code of ``ObservedLabel``."""

    row: int
    column: int
    code: int


def read(path: str | os.PathLike, image_id: Sequence[str], category: Sequence[str]) -> list[Verdict]:
    """Return the decided labels of the merged table of answers, by row; one that is undecided stays as it was."""
    records.verify(path, "answers")
    row_of = {name: number for number, name in enumerate(image_id)}
    column_of = {name: number for number, name in enumerate(category)}
    with open(path, newline="", encoding="utf-8") as file:
        found = {
            Verdict(row_of[row["image_id"]], column_of[row["category"]], CODES[row["verdict"]])
            for row in csv.DictReader(file)
            if row["verdict"] in CODES
        }
    return sorted(found)


def lay_over(observed: np.ndarray, start: int, verdicts: Sequence[Verdict]) -> int:
    """Set the verdicts on the rows from ``start`` on in observed labels [n, L]; return how many change an observed label."""
    changed = 0
    for row, column, code in verdicts:
        if start <= row < start + len(observed):
            changed += int(observed[row - start, column] == -code)
            observed[row - start, column] = code
    return changed
