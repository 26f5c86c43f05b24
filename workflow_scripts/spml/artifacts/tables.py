"""Tables for people and for the figures, as CSV."""

import os

import pandas as pd

from spml.artifacts.spreadsheet import escaped, restored
from spml.runtime.files import writing

TEXT = ("name", "variant", "category", "pseudo_labels", "missing", "instead", "confused_with")  # columns of names


def write(path: str | os.PathLike, frame: pd.DataFrame, decimals: int = 6) -> None:
    """Write a table without its index; names that look like formulas are escaped (see spml.artifacts.spreadsheet)."""
    frame = frame.map(lambda value: escaped(value) if isinstance(value, str) else value)
    with writing(path) as part:
        frame.to_csv(part, index=False, float_format=f"%.{decimals}f", lineterminator="\n")


def read(path: str | os.PathLike) -> pd.DataFrame:
    """A table of tables/: names stay text, also where they look like a number or like nothing."""
    columns = pd.read_csv(path, nrows=0).columns
    missing = {column: [""] for column in columns if column not in TEXT}
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=missing)
    return table.assign(**{column: table[column].map(restored) for column in columns if column in TEXT})
