"""CSV files of the user: rows by the names of their columns."""

import csv

from spml.errors import InputError

MORE = "\0"  # the key of cells beyond the columns: no column's name


def read_rows(path: str, wanted: str) -> list[dict[str, str]]:
    """The rows of a CSV file in UTF-8, as dicts; ``wanted`` says what columns belong there.

    Raises
    ------
    InputError
        When it is missing, no text or no table: names the line.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True, restkey=MORE, restval="")
            columns = list(reader.fieldnames or ())
            rows = list(reader)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a CSV file with {wanted}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); wanted {wanted}") from error
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"{path}: found column {twice[0]!r} more than once, wanted each once")
    for line, row in enumerate(rows, 2):
        if MORE in row:
            found = len(columns) + len(row[MORE])
            raise InputError(f"{path}: line {line}: found {found} cells, wanted {len(columns)}, one a column")
    return rows
