"""CSV files of the user: rows by the names of their columns."""

import csv

from spml.runtime.errors import InputError


def read_rows(path: str, wanted: str) -> list[dict[str, str]]:
    """The rows of a CSV file in UTF-8, as dicts; ``wanted`` says what columns belong there.

    Raises
    ------
    InputError
        When it is missing, no text or no table: names the line.
    """
    rows: list[dict[str, str]] = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            columns = next(filter(None, reader), [])
            empty = [""] * len(columns)
            for cells in filter(None, reader):  # lines without anything are none
                if len(cells) > len(columns):
                    raise InputError(
                        f"{path}: line {len(rows) + 2}: found {len(cells)} cells, wanted {len(columns)}, one a column"
                    )
                rows.append(dict(zip(columns, cells + empty[len(cells) :], strict=True)))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a CSV file with {wanted}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); wanted {wanted}") from error
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"{path}: found column {twice[0]!r} more than once, wanted each once")
    return rows
