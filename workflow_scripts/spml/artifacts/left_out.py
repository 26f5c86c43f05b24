"""The files of a part that are left out, each with the reason: a table beside the manifest of those that are used."""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spml.artifacts import records
from spml.artifacts.spreadsheet import escaped, restored
from spml.runtime.errors import InputError

COLUMNS = ("file", "reason")
SHOWN = 3  # names that a message shows

HIDDEN = "hidden, or a file of the system"
TEXT = "no picture: text"
MOVIE = "no picture: a movie"
OTHER = "no picture"
NO_ANNOTATION = "no annotation"
FORMAT = "a picture in a format that is not read"
RAW = "a camera's raw picture"
DAMAGED = "damaged, or no picture in spite of its name"
CUT_OFF = "a picture whose end is missing"
EMPTY = "empty file"
UNREADABLE = "may not be read, or the disk fails"
SPECIAL = "a pipe, socket or device"
BROKEN_LINK = "a link to nothing"
FOLDER_LINK = "a link to a folder"
OUTER_LINK = "a link that leads out of the folder"
NAME = "a name with control characters, blanks around it, or not in UTF-8"
NO_CATEGORY = "in no category's folder"
MISSING = "no such file"
HARMLESS = frozenset((HIDDEN, TEXT, MOVIE, OTHER, NO_ANNOTATION))  # nobody misses these


@dataclass(frozen=True)
class Reason:
    """A reason, the number of files that it holds for, and the first of them."""

    text: str
    files: int
    first: Sequence[str]

    @property
    def is_harmless(self) -> bool:
        """Whether no picture was lost."""
        return self.text in HARMLESS

    @property
    def names(self) -> str:
        """The first names, as messages show them."""
        return ", ".join(self.first) + (", ..." if self.files > len(self.first) else "")


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str]]) -> None:
    """Write rows of file and reason; bytes of a name that are not UTF-8 become escapes."""
    table = ((escaped(printable(name)), reason) for name, reason in rows)
    records.write_csv(path, "left_out", [COLUMNS, *table])


def read(path: str | os.PathLike) -> list[tuple[str, str]]:
    """Read rows of file and reason; raise InputError where the table is damaged or has other columns."""
    records.verify(path, "left_out")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{path}: found columns {rows[0] if rows else 'none'}, wanted {', '.join(COLUMNS)}")
    return [(restored(name), reason) for name, reason in rows[1:]]


def by_reason(rows: Iterable[tuple[str, str]]) -> list[Reason]:
    """Return the reasons, the one with the most files first."""
    files: dict[str, list[str]] = {}
    for file, reason in rows:
        files.setdefault(reason, []).append(printable(file))
    reasons = [Reason(text, len(names), names[:SHOWN]) for text, names in files.items()]
    return sorted(reasons, key=lambda reason: -reason.files)


def lines(what: str, used: int, rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return what a log says: how many are listed, used and left out, and a line for each reason."""
    text = [f"{what}: {used + len(rows):,} listed, {used:,} used, {len(rows):,} left out"]
    for reason in by_reason(rows):
        begin = "" if reason.is_harmless else "warning: "
        text.append(f"{begin}{reason.files:,} left out, {reason.text}: {reason.names}")
    return text


def printable(name: str) -> str:
    """Return a name with escapes in place of control characters and of bytes that are not UTF-8."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
