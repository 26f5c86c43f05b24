"""Names of categories that are probably mistakes: the same name twice in other letters, or two names in one."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from spml.artifacts import tables
from spml.artifacts.spreadsheet import escaped

COLUMNS = ("warning", "position", "names")
TWINS = "categories whose names differ by case, blanks or Unicode form alone"
SEVERAL = "a category whose name looks like several; ; separates categories"
SURE = re.compile("[,|\t，；、]")  # separators that a name seldom has
UNSURE = re.compile("[/&+]")  # separators only where each part is a category, too


@dataclass(frozen=True)
class Warning:
    """What is probably wrong, the file and lines where it stands, and the names."""

    text: str
    position: str
    names: str


def warnings(path: str, category: Sequence[str], line_of: Mapping[str, int], are_cells: bool) -> list[Warning]:
    """Return what is probably wrong with the categories of a file.

    ``line_of``: category to the line of the file that names it first, where it has lines. ``are_cells``: the names are those in
    the cells of a table, which may hold several.
    """
    found = [_warning(TWINS, path, names, line_of) for names in twins(category)]
    if are_cells:
        found += [_warning(SEVERAL, path, [name], line_of) for name in several(category)]
    return found


def twins(category: Iterable[str]) -> list[list[str]]:
    """Return the groups of names that are equal after NFKC, case folding, and the collapse of blanks."""
    groups: dict[str, list[str]] = {}
    for name in category:
        groups.setdefault(_folded(name), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def several(category: Sequence[str]) -> list[str]:
    """Return the names that look like several categories in one."""
    known = {_folded(name) for name in category}
    return [
        name
        for name in category
        if SURE.search(name) or (UNSURE.search(name) and all(_folded(part) in known for part in UNSURE.split(name)))
    ]


def _folded(name: str) -> str:
    """Return what twins have in common; case folding may undo NFKC, so that it comes again."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def _warning(text: str, path: str, names: Sequence[str], line_of: Mapping[str, int]) -> Warning:
    lines = [str(line_of[name]) for name in names if name in line_of]
    position = f"{path}, {'line' if len(lines) == 1 else 'lines'} {' and '.join(lines)}" if lines else str(path)
    return Warning(text, position, ", ".join(map(repr, names)))


def write(path: str, found: Iterable[Warning]) -> None:
    """Write a row for each warning; names are escaped, this table is for people."""
    tables.write_rows(path, [COLUMNS, *(map(escaped, astuple(warning)) for warning in found)])
