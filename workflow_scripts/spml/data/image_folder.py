"""Images of a folder, whose subfolders may name what was observed of each, or of a list of paths."""

import os
from collections.abc import Iterator
from pathlib import Path

from spml.artifacts.manifest import links_out_of
from spml.artifacts.spreadsheet import escaped
from spml.data import layout
from spml.runtime.errors import InputError
from spml.runtime.files import write_csv

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ppm", ".pgm")
)  # of the formats in spml.features.images


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Write the pictures of a folder with a folder per category as a table (spml.data.csv_table): path, observed.

    Raises
    ------
    InputError
        When there is no picture in a category's folder, or a folder's name is not a possible name of a category.
    """
    folder = conversion.folder
    names = [name for name, _ in of_folder(folder, conversion.key)]
    rows = [(name, name.split("/")[0]) for name in names if "/" in name]
    categories = {category for _, category in rows}
    for category in sorted(categories):
        if ";" in category or category == "-":
            raise InputError(
                f"{folder}: found the folder {category!r}, wanted names of categories, without ; and other than -"
            )
    if not rows:
        raise InputError(
            f"{folder}: found {len(names):,} pictures, none in a folder in it; wanted a folder for each category"
        )
    table = [map(escaped, row) for row in rows]  # csv_table.read undoes this
    write_csv(output, [("path", "observed"), *table])
    print(f"{folder}: {len(rows):,} pictures of {len(categories):,} categories")
    if len(names) > len(rows):
        print(f"warning: {len(names) - len(rows):,} pictures lie in no category's folder and are left out")


def of_folder(folder: str, key: str = "predict.images") -> list[tuple[str, str]]:
    """Return the name (its path from the folder on) and the path of every picture in a folder and its subfolders, sorted.

    ``key`` names the folder in the configuration.

    Raises
    ------
    InputError
        When there is none, or a link leads out of the folder.
    """
    paths = sorted(path for path in _walk(folder) if Path(path).suffix.lower() in SUFFIXES)
    if not paths:
        raise InputError(f"{key}: found no picture in the folder {folder}, wanted {', '.join(sorted(SUFFIXES))}")
    for path, real in links_out_of(folder, paths):
        raise InputError(f"{key}: {path} is a link to {real}, outside {folder}; wanted pictures inside it")
    return [(Path(path).relative_to(folder).as_posix(), path) for path in paths]


def _walk(folder: str) -> Iterator[str]:
    """Yield the paths of all files in a folder and its subfolders."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(parent, name) for name in names)


def of_list(path: str) -> list[tuple[str, str]]:
    """Return name and path of each picture of a text file: a path on each line, from the file's folder; empty lines are skipped.

    Raises
    ------
    InputError
        When a line names no file or one again, or there is no line: names the file and the line.
    """
    line_of: dict[str, int] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: found no text ({error}), wanted the path of a picture on each line") from error
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name:
            continue
        if name in line_of:
            raise InputError(f"{path}, line {number}: found {name!r}, also on line {line_of[name]}; wanted each once")
        if not name.isprintable():
            raise InputError(f"{path}, line {number}: found {name!r}, wanted a path without control characters")
        if not os.path.isfile(os.path.join(os.path.dirname(path), name)):
            raise InputError(
                f"{path}, line {number}: found {name!r}, wanted the path of a file, from {os.path.dirname(path) or '.'}"
            )
        line_of[name] = number
    if not line_of:
        raise InputError(f"{path}: found no line, wanted the path of a picture on each")
    return [(name, os.path.join(os.path.dirname(path), name)) for name in line_of]
