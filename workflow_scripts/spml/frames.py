"""Tables for people and for the figures, as CSV."""

import os

import pandas as pd

from spml.cells import escaped
from spml.files import writing


def write(path: str | os.PathLike, frame: pd.DataFrame, decimals: int = 6) -> None:
    """Write a table without its index; names that look like formulas are escaped (see spml.cells)."""
    frame = frame.map(lambda value: escaped(value) if isinstance(value, str) else value)
    with writing(path) as part:
        frame.to_csv(part, index=False, float_format=f"%.{decimals}f", lineterminator="\n")
