"""Regular files, opened to read: a pipe would wait for ever, and a device may do anything."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO

from spml.runtime.errors import InputError

KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


@contextlib.contextmanager
def open_to_read(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Yield a regular file, open to read. What cannot be opened raises OSError, as ``open`` does.

    Raises
    ------
    InputError
        When it is a folder, pipe, socket or device; none of them is opened.
    """
    require(path, os.stat(path).st_mode)
    with open(path, "rb", opener=_without_waiting) as file:
        require(path, os.fstat(file.fileno()).st_mode)  # another file may have taken the name meanwhile
        yield file


def require(path: str | os.PathLike, mode: int) -> None:
    """Raise InputError where the mode of a file, as ``os.stat`` tells it, is that of no regular file."""
    if not stat.S_ISREG(mode):
        kind = next((text for test, text in KINDS if test(mode)), "a device")
        raise InputError(f"{path}: found {kind}, wanted a regular file")


def _without_waiting(path: str, flags: int) -> int:
    """Return the descriptor of a file; a pipe opens at once, too."""
    return os.open(path, flags | os.O_NONBLOCK)
