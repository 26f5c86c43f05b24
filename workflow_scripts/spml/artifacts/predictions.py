"""The table of predictions for new images: a row per picture with its labels, and the probability of each category."""

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spml.artifacts.spreadsheet import category_columns, escaped, restored
from spml.runtime.errors import InputError

COLUMNS = ("image", "labels", "thresholds", "problem")  # before those of the categories
SEPARATOR = "; "  # of labels


@dataclass(frozen=True)
class Prediction:
    """A row of the table."""

    image: str
    labels: Sequence[str]  # the most probable first
    problem: str  # why the picture could not be read; empty where it could
    probability: np.ndarray  # float64 [L], empty where the picture could not be read


def header(category: Sequence[str]) -> list[str]:
    """Return the names of the columns."""
    return [*COLUMNS, *category_columns(category, COLUMNS)]


def cells(image: str, labels: Iterable[str], thresholds: Iterable[str], probability: Iterable[float]) -> list[str]:
    """Return the row of a picture; ``thresholds`` says of each label in words which threshold it is above."""
    said = [escaped(SEPARATOR.join(words)) for words in (labels, thresholds)]
    return [escaped(image), *said, "", *(f"{value:.4f}" for value in probability)]


def problem_cells(image: str, problem: str, categories: int) -> list[str]:
    """Return the row of a picture that cannot be read."""
    return [escaped(image), "", "", escaped(problem), *[""] * categories]


def read(path: str | os.PathLike, category: Sequence[str]) -> Iterator[Prediction]:
    """Yield the rows; columns of other names are not read.

    Raises
    ------
    InputError
        When the table lacks a column, or a cell of labels names another category.
    """
    known, longest = set(category), 1 + max(name.count(SEPARATOR) for name in category)
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        if missing := [name for name in header(category) if name not in names]:
            raise InputError(f"{path}: found no column {missing[0]!r}, wanted one for each category of the model")
        image, labels, _, problem, *columns = [names.index(name) for name in header(category)]
        for row in rows:
            if row[problem]:
                yield Prediction(restored(row[image]), [], restored(row[problem]), np.empty(0))
                continue
            text = restored(row[labels])
            found = _names(text.split(SEPARATOR) if text else [], known, longest)
            if found is None:
                raise InputError(f"{path}: line {rows.line_num}: found labels {text!r}, wanted categories of the model")
            yield Prediction(restored(row[image]), found, "", np.array([float(row[column]) for column in columns]))


def _names(parts: Sequence[str], known: set[str], longest: int) -> list[str] | None:
    """Return the names whose parts these are, longer names first, or None; a name has up to ``longest`` parts."""
    if longest == 1 or not parts:
        return list(parts) if known.issuperset(parts) else None
    for end in range(min(longest, len(parts)), 0, -1):
        name = SEPARATOR.join(parts[:end])
        if name in known and (rest := _names(parts[end:], known, longest)) is not None:
            return [name, *rest]
    return None
