"""The index of a tar of pictures: a row per file in it, where it lies (spml.artifacts.picture_files), and why it is left out."""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from spml.artifacts import records
from spml.artifacts.picture_files import Member
from spml.artifacts.picture_files import member as parsed
from spml.runtime.errors import InputError

KIND = "tar_index"
COLUMNS = ("path", "left_out")


@dataclass
class Index:
    """The files in some tars: the paths of pictures by their names, and what is left out, with the reason."""

    path: dict[str, str] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def add(self, rows: Iterable[tuple[Member, str]]) -> None:
        """Add the files of a tar, each with the reason why it is left out, if there is one.

        Raises
        ------
        InputError
            When another tar has a picture of the same name.
        """
        for entry, reason in rows:
            if reason:
                self.left_out.append((entry.name, reason))
                continue
            if other := parsed(self.path.get(entry.name, "")):
                raise InputError(
                    f"{entry.tar}: found {entry.name!r}, which {other.tar} has, too; wanted pictures with names of their own"
                )
            self.path[entry.name] = entry.path


def write(path: str | os.PathLike, rows: Iterable[tuple[Member, str]]) -> None:
    """Write the files of a tar, each with the reason why it is left out, if there is one."""
    records.write_csv(path, KIND, [COLUMNS, *((entry.path, reason) for entry, reason in rows)])


def read(paths: Sequence[str | os.PathLike]) -> Index:
    """Return what some tars hold together, by their indexes.

    Raises
    ------
    InputError
        When an index is damaged, or two tars have a picture of the same name.
    """
    index = Index()
    for path in paths:
        record = records.verify(path, KIND)
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        named = ((parsed(row[0]), row[1]) for row in rows[1:] if len(row) == len(COLUMNS))
        members = [(entry, reason) for entry, reason in named if entry]
        if tuple(rows[0] if rows else ()) != COLUMNS or len(members) < len(rows) - 1:
            raise InputError(
                f"{path}: found other columns, wanted {', '.join(COLUMNS)}; {records.advice(path, record)}"
            )
        index.add(members)
    return index
