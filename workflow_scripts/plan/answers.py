"""The files of answers that a configuration names, by themselves or in a folder."""

import os
from collections.abc import Iterable

ENDINGS = (".csv", ".json")  # of files of answers in a folder


def files(named: Iterable[str]) -> list[str]:
    """Return the files, each once, and in place of a folder the files of answers in it, sorted by name.

    A path that is not there stays, for ``named_paths`` to refuse.
    """
    return list(dict.fromkeys(path for name in named for path in (_inside(name) if os.path.isdir(name) else [name])))


def _inside(folder: str) -> list[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith(ENDINGS) and name[0] != ".")
    except OSError:
        return [folder]  # named_paths says why it cannot be read
    return [path for path in (os.path.join(folder, name) for name in names) if os.path.isfile(path)]
