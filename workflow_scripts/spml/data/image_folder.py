"""Images of a folder, whose subfolders may name what was observed of each, or of a list of paths.

Each file of a folder is used or left out with a reason: what is a picture follows from its content, not from its name.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spml.artifacts import left_out
from spml.artifacts.manifest import links_out_of
from spml.artifacts.spreadsheet import escaped
from spml.artifacts.tar_index import Index
from spml.data import file_names, layout, text_files
from spml.features import formats
from spml.runtime.errors import InputError
from spml.runtime.files import write_csv


@dataclass
class Folder:
    """The files of a folder and its subfolders, by their paths from it on: pictures, and what is left out, with the reason."""

    pictures: list[str]
    left_out: list[tuple[str, str]]


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Write the pictures of a folder with a folder per category as a table (spml.data.csv_table): path, observed.

    Raises
    ------
    InputError
        When there is no picture in a category's folder, or a folder's name is not a possible name of a category.
    """
    root = conversion.folder
    rows, others = read(root, conversion.key, conversion.index)
    conversion.left_out.extend(others)
    table = [map(escaped, row) for row in rows]  # csv_table.read undoes this
    write_csv(output, [("path", "observed"), *table])
    print(f"{root}: {len(rows):,} pictures of {len({category for _, category in rows}):,} categories")
    print(*left_out.lines(f"{root}, files", len(rows), conversion.left_out), sep="\n")


def read(root: str, key: str, index: Index | None = None) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return path and category of each picture in a category's folder, and what is left out, with the reason; each sorted.

    With ``index``, ``root`` names tars, and it tells what they hold.

    Raises
    ------
    InputError
        As ``convert``; ``key`` names the folder in the configuration.
    """
    folder = of_index(root, key, index) if index else of_folder(root, key)
    rows = [(name, name.split("/")[0].strip()) for name in folder.pictures if "/" in name]
    _require_names(root, sorted({name.split("/")[0] for name, _ in rows}))
    if not rows:
        raise InputError(
            f"{root}: found {len(folder.pictures):,} pictures, none in a folder in it; wanted a folder for each category"
        )
    loose = [(name, left_out.NO_CATEGORY) for name in folder.pictures if "/" not in name]
    return rows, sorted(folder.left_out + loose)


def _require_names(root: str, names: Sequence[str]) -> None:
    """Raise InputError where the names of folders are not possible names of categories."""
    first: dict[str, str] = {}
    for name in names:
        if ";" in name or name.strip() == "-":
            raise InputError(
                f"{root}: found the folder {name!r}, wanted names of categories, without ; and other than -"
            )
        if first.setdefault(name.strip(), name) != name:
            raise InputError(
                f"{root}: found the folders {first[name.strip()]!r} and {name!r}, which name the same category; "
                "wanted one folder for each: rename one, or put their pictures together"
            )


def of_folder(root: str, key: str = "predict.images") -> Folder:
    """Return the pictures of a folder and its subfolders, and what is left out, each sorted.

    ``key`` names the folder in the configuration.

    Raises
    ------
    InputError
        When there is no picture.
    """
    rows = sorted(_walk(root))
    outer = {path for path, _ in links_out_of(root, (os.path.join(root, name) for name, reason in rows if not reason))}
    rows = [(name, left_out.OUTER_LINK if os.path.join(root, name) in outer else reason) for name, reason in rows]
    names = [name for name, reason in rows if not reason]
    looked_at = formats.reasons([os.path.join(root, name) for name in names], f"{root}: looking for pictures")
    reason_of = dict(zip(names, looked_at, strict=True))
    decided = [(name, reason or reason_of[name] or "") for name, reason in rows]
    folder = Folder(
        [name for name, reason in decided if not reason], [(name, reason) for name, reason in decided if reason]
    )
    _require_pictures(folder, f"{key}: found no picture in the folder {root}")
    return folder


def of_index(root: str, key: str, index: Index) -> Folder:
    """Return the pictures in tars, and what is left out, each sorted; ``root`` and ``key`` name them as for ``of_folder``.

    Raises
    ------
    InputError
        When there is no picture.
    """
    folder = Folder(sorted(index.path), sorted(index.left_out))
    _require_pictures(folder, f"{key}: found no picture in the tars {root}")
    return folder


def _require_pictures(folder: Folder, found: str) -> None:
    """Raise InputError where there is no picture; ``found`` begins the message."""
    if not folder.pictures:
        reasons = [f"{entry.files:,} {entry.text} ({entry.names})" for entry in left_out.by_reason(folder.left_out)]
        raise InputError(
            f"{found}, wanted {', '.join(formats.FORMATS)}; "
            f"left out: {'; '.join(reasons) or 'nothing, there is no file'}"
        )


def of_folder_or_list(
    path: str, key: str, index: Index | None = None
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return name and path of each picture, and what is left out, of a folder or of a text file that names pictures.

    With ``index``, the path names tars, and it tells what they hold.

    Raises
    ------
    InputError
        As ``of_folder`` and ``of_list``.
    """
    if index:
        inside = of_index(path, key, index)
        return [(name, index.path[name]) for name in inside.pictures], inside.left_out
    if os.path.isfile(path):
        return of_list(path), []
    folder = of_folder(path, key)
    return [(name, os.path.join(path, name)) for name in folder.pictures], folder.left_out


def _walk(root: str) -> Iterator[tuple[str, str]]:
    """Yield each file in a folder and its subfolders by its path from there on, and why it is left out, if its name tells."""
    unreadable: list[str] = []
    for parent, folders, names in os.walk(root, onerror=lambda error: unreadable.append(str(error.filename))):
        inside = "" if parent == root else f"{os.path.relpath(parent, root)}/"
        for name in list(folders):
            if reason := file_names.hidden(name) or (
                left_out.FOLDER_LINK if os.path.islink(f"{parent}/{name}") else ""
            ):
                folders.remove(name)
                yield f"{inside}{name}/", reason
        for name in names:
            yield f"{inside}{name}", file_names.hidden(name) or file_names.unfit(f"{inside}{name}")
    for path in unreadable:
        yield f"{os.path.relpath(path, root)}/", left_out.UNREADABLE


def of_list(path: str) -> list[tuple[str, str]]:
    """Return name and path of each picture of a text file: a path on each line, from the file's folder; empty lines are skipped.

    Raises
    ------
    InputError
        When a line names no file or one again, or there is no line: names the file and the line.
    """
    line_of: dict[str, int] = {}
    text = text_files.read(Path(path), "the path of a picture on each line")
    for number, line in enumerate(text.split("\n"), 1):
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
