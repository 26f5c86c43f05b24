"""Which tars of pictures (WebDataset's layout) a value of the configuration names.

A value names them by a pattern with braces (``shards/train-{000000..000099}.tar``), on disk or in object storage, or by a
folder on disk that holds tars and no pictures. Nothing of a bucket is listed.
"""

import functools
import importlib.util
import itertools
import os
import re
from collections.abc import Iterator

from plan.errors import ConfigError

ENDING = ".tar"
BESIDE = (".csv", ".idx", ".json", ".parquet", ".txt")  # files beside tars that people and tools put there
PLUGINS = {"s3": "s3", "gs": "gcs", "gcs": "gcs"}  # prefix of an address to the plugin of Snakemake that reads it
BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")
LOOKED_AT = 10_000  # names in a folder
MOST = 1_000_000  # tars that a pattern may name
EXAMPLE = "train-{000000..000099}.tar"


def is_remote(path: str) -> bool:
    """Return whether a path is an address of object storage."""
    return "://" in path


def are_tars(path: str | None) -> bool:
    """Return whether a value names tars: by its ending, as an address, or as a folder that holds tars and no pictures."""
    return bool(path) and (is_remote(str(path)) or str(path).lower().endswith(ENDING) or bool(_inside(str(path))))


def named(path: str | None) -> list[str]:
    """Return the tars that a value names, in order; none where it is a folder of pictures, a list, or nothing.

    Raises
    ------
    ConfigError
        When braces are no range or list: one line.
    """
    if not path or not are_tars(path):
        return []
    return list(_expanded(path)) if path.lower().endswith(ENDING) and not os.path.isdir(path) else list(_inside(path))


def _inside(folder: str) -> tuple[str, ...]:
    """Return the tars in a folder on disk; nothing where it holds something else, too."""
    try:
        return _listed(folder, os.stat(folder).st_mtime_ns)
    except OSError:
        return ()


@functools.lru_cache
def _listed(folder: str, time: int) -> tuple[str, ...]:
    """Return the tars in a folder that was changed at that time; each job of a shard asks."""
    if not os.path.isdir(folder):
        return ()
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            ending = os.path.splitext(entry.name)[1].lower()
            if entry.name.startswith(".") or (ending in BESIDE and entry.is_file()):
                continue
            if ending != ENDING or not entry.is_file():
                return ()
            found.append(os.path.join(folder, entry.name))
    return tuple(sorted(found))


@functools.lru_cache
def _expanded(pattern: str) -> tuple[str, ...]:
    """Return the names that braces stand for: ranges of numbers, as wide as written, and lists with commas."""
    pieces = BRACES.split(pattern)
    choices = [[piece] if number % 2 == 0 else _choices(pattern, piece) for number, piece in enumerate(pieces)]
    if any(brace in piece for piece in pieces[::2] for brace in "{}"):
        raise ConfigError([f"found {pattern!r}, whose braces do not match; wanted names of tars, as {EXAMPLE}"])
    count = functools.reduce(lambda product, values: product * len(values), choices, 1)
    if count > MOST:
        raise ConfigError([f"found {pattern!r}, which names {count:,} tars; wanted at most {MOST:,}"])
    names = tuple(map("".join, itertools.product(*choices)))
    if len(set(names)) < len(names):
        raise ConfigError([f"found {pattern!r}, which names a tar twice; wanted each once"])
    return names


def _choices(pattern: str, inside: str) -> list[str]:
    """Return what one pair of braces stands for."""
    if found := RANGE.fullmatch(inside):
        first, last = int(found[1]), int(found[2])
        if 0 <= last - first < MOST:
            return [str(number).zfill(len(found[1])) for number in range(first, last + 1)]
    elif "," in inside and ".." not in inside:
        return inside.split(",")
    raise ConfigError(
        [
            f"found {{{inside}}} in {pattern!r}; wanted a range of at most {MOST:,} numbers, the smaller first, as {EXAMPLE}"
        ]
    )


def mistakes(key: str, path: str) -> Iterator[str]:
    """Yield one line for what is wrong with a value that names tars; ``key`` names it in the configuration."""
    scheme = path.partition("://")[0] if is_remote(path) else ""
    if scheme and scheme not in PLUGINS:
        yield f"{key}: found {path!r}, wanted a path, or an address that begins with {'://, '.join(PLUGINS)}://"
        return
    if scheme and not path.lower().endswith(ENDING):
        yield (
            f"{key}: found {path!r}, wanted the names of tars there, as {scheme}://bucket/{EXAMPLE}: nothing of a bucket is "
            "listed (docs/storage.md)"
        )
        return
    try:
        found = named(path)
    except ConfigError as error:
        yield from (f"{key}: {line}" for line in error.lines)
        return
    if scheme:
        package = f"snakemake-storage-plugin-{PLUGINS[scheme]}"
        if importlib.util.find_spec(package.replace("-", "_")) is None:
            yield f"{key}: found {path!r}, but no package {package}, which reads it; install it: uv pip install {package}"
        return
    if braced := [name for name in found if set(name) & set("{}")]:
        yield f"{key}: found {braced[0]!r}, wanted names of tars without braces"
        return
    missing = [name for name in found if not os.path.isfile(name)]
    if missing:
        yield (
            f"{key}: found {len(found) - len(missing):,} of the {len(found):,} tars that {path!r} names, not {missing[0]!r}; "
            "wanted all of them"
        )


def strays(key: str, folder: str) -> Iterator[str]:
    """Yield one line where a folder of pictures holds more tars than other files, so that the tars would be left out."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        names = [entry.name for entry in itertools.islice(entries, LOOKED_AT)]
    tars = [name for name in names if name.lower().endswith(ENDING)]
    others = sorted(name for name in names if not name.lower().endswith((ENDING, *BESIDE)))
    if len(tars) > len(others):
        yield (
            f"{key}: found {len(tars):,} tars in {folder!r}, and {others[0] if others else 'a hidden one or a folder'!r} with them; "
            f"wanted tars alone, or their names by a pattern, as {EXAMPLE}"
        )
