"""Images without labels: those of a folder, or of a list of paths."""

import os
from collections.abc import Iterator
from pathlib import Path

from spml.artifacts.manifest import links_out_of
from spml.runtime.errors import InputError

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ppm", ".pgm")
)  # of the formats in spml.features.images


def of_folder(folder: str, key: str = "predict.images") -> list[tuple[str, str]]:
    """Name from the folder on and path of every picture in it and its folders, in order of names.

    ``key`` is what names the folder in the config.

    Raises
    ------
    InputError
        When there is none, or a link leads out of the folder.
    """
    found = sorted(path for path in _walk(folder) if Path(path).suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(f"{key}: found no picture in the folder {folder}, wanted {', '.join(sorted(SUFFIXES))}")
    for path, real in links_out_of(folder, found):
        raise InputError(f"{key}: {path} is a link to {real}, outside {folder}; wanted pictures inside it")
    return [(Path(path).relative_to(folder).as_posix(), path) for path in found]


def _walk(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(place, name) for name in names)


def of_list(path: str) -> list[tuple[str, str]]:
    """Name and path of each picture of a text file: a path on each line, relative to the file's folder, empty lines skipped.

    Raises
    ------
    InputError
        When a line names no file, or one twice, or there is none: names the file and the line.
    """
    found: dict[str, int] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: found no text ({error}), wanted the path of a picture on each line") from error
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name:
            continue
        if name in found:
            raise InputError(f"{path}, line {number}: found {name!r}, also on line {found[name]}; wanted each once")
        if not name.isprintable():
            raise InputError(f"{path}, line {number}: found {name!r}, wanted a path without control characters")
        if not os.path.isfile(os.path.join(os.path.dirname(path), name)):
            raise InputError(
                f"{path}, line {number}: found {name!r}, wanted the path of a file, from {os.path.dirname(path) or '.'}"
            )
        found[name] = number
    if not found:
        raise InputError(f"{path}: found no line, wanted the path of a picture on each")
    return [(name, os.path.join(os.path.dirname(path), name)) for name in found]
