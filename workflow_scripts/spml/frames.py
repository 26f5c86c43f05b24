"""Tables for people and for the figures, as CSV."""

import os

import pandas as pd

from spml.files import writing


def write(path: str | os.PathLike, frame: pd.DataFrame, decimals: int = 6) -> None:
    """Write a table without its index."""
    with writing(path) as part:
        frame.to_csv(part, index=False, float_format=f"%.{decimals}f", lineterminator="\n")
