"""Class priors: the share of images that have each category, a table with a row per category."""

import csv
import os
from collections.abc import Sequence

import numpy as np

from spml.artifacts import hdf5, records
from spml.runtime.errors import InputError

COLUMNS = ("category", "observed_rate", "prior")


def write(path: str | os.PathLike, category: Sequence[str], observed_rate: np.ndarray, prior: np.ndarray) -> None:
    """Write the observed rates and the priors [L] of the categories."""
    rows = zip(category, map(repr, observed_rate.tolist()), map(repr, prior.tolist()), strict=True)
    records.write_csv(path, "priors", [COLUMNS, *rows])


def read(path: str | os.PathLike, category: Sequence[str]) -> np.ndarray:
    """Return the priors of these categories, float64 [L].

    Raises
    ------
    InputError
        When the table is damaged or was moved, has other columns or other categories, or a number that is no rate.
    """
    record = records.verify(path, "priors")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        names, _, numbers = zip(*rows, strict=True)
        prior = np.array(numbers, np.float64)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}: not a readable table ({error}); {records.advice(path, record)}") from error
    if tuple(header) != COLUMNS or not ((prior >= 0) & (prior <= 1)).all():
        raise InputError(f"{path}: wanted {', '.join(COLUMNS)}, rates from 0 to 1; {records.advice(path, record)}")
    hdf5.require_same("category", path, list(names), "the labels", list(category))
    return prior
