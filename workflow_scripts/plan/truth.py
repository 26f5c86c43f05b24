"""Whether any true label of a training part is known, as far as the table of images tells before a run."""

import csv
import functools
import os

from spml.data import delimiters


def known(path: str | None) -> bool:
    """Return whether a table of images has a true label in some row; also where it cannot be read yet.

    A file that is missing or no table is for ``named_paths`` and ``spml.data.csv_table`` to refuse.
    """
    try:
        return _known(path, os.stat(path).st_mtime_ns) if path else True
    except (OSError, ValueError, csv.Error):  # ValueError: a null character in the path
        return True


@functools.lru_cache
def _known(path: str, time: int) -> bool:
    """Return the same for a file that was written at that time; reads no further than the first true label."""
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        rows, _, _ = delimiters.reader(file)
        columns = [name.strip() for name in next((row for row in rows if row), [])]
        if "true" not in columns:
            return False
        column = columns.index("true")
        return any(len(row) > column and row[column].strip() for row in rows)
