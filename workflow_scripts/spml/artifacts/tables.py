"""Tables that figures and code read, as CSV."""

import os
from collections.abc import Iterable

import pandas as pd

from spml.artifacts import records
from spml.runtime.errors import InputError

TEXT = (
    "name",
    "variant",
    "category",
    "pseudo_labels",
    "left_out",
    "missing",
    "instead",
    "confused_with",
    "edges",
    "label",
)  # columns of names


def write(path: str | os.PathLike, frame: pd.DataFrame, decimals: int = 6) -> None:
    """Write a table without its index, names as they are."""
    with records.writing(path, "table") as part:
        frame.to_csv(part, index=False, float_format=f"%.{decimals}f", lineterminator="\n")


def write_rows(path: str | os.PathLike, rows: Iterable[Iterable[object]]) -> None:
    """Write a table row by row, the header first."""
    records.write_csv(path, "table", rows)


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table of tables/; names stay text, also where they look like a number or are empty.

    Raises
    ------
    InputError
        When the file is damaged, was moved, or is no table.
    """
    records.verify(path, "table")
    return parse(path)


def parse(path: str | os.PathLike) -> pd.DataFrame:
    """Return the content of a table as ``read``, of any kind and whatever its record says.

    Raises
    ------
    InputError
        When the file is no table.
    """
    try:
        columns = pd.read_csv(path, nrows=0).columns
        missing = {column: [""] for column in columns if column not in TEXT}
        return pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=missing)
    except ValueError as error:  # pandas' errors of parsing, and of decoding
        raise InputError(f"{path}: not a readable table ({error}); {records.advice(path)}") from error
