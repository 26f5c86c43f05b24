"""Tables as spreadsheets write them: with commas, or in some languages with semicolons or tabs in their place."""

import csv
import re
from typing import Any, TextIO

DELIMITERS = ",;\t"
ANNOUNCED = re.compile(r"sep=(.)\r?\n?")  # the first line of some tables, for Excel


def reader(file: TextIO, strict: bool = False) -> tuple[Any, str, int]:
    """Return a csv.reader of a table from its header on, the character between its cells, and how many lines stand before.

    The character is the one that the line ``sep=;`` names, or else the one that stands most often in the header; a comma
    among equals.
    """
    before, start, first = 0, file.tell(), file.readline()
    while first and not first.strip("\r\n"):
        before, start, first = before + 1, file.tell(), file.readline()
    if announced := ANNOUNCED.fullmatch(first):
        before, delimiter = before + 1, announced[1]
    else:
        delimiter = max(DELIMITERS, key=first.count)
        file.seek(start)
    return csv.reader(file, strict=strict, delimiter=delimiter), delimiter, before
