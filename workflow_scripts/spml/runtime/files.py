"""Files that are there whole or not at all."""

import contextlib
import csv
import errno
import functools
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from spml.runtime.errors import InputError

ABANDONED = 86400.0  # seconds without a write after which a temporary file belongs to no process
ADVICE = {  # errno to what the user can do
    errno.ENOSPC: "make room, then run again: what is finished stays",
    errno.EDQUOT: "make room within your quota, then run again: what is finished stays",
    errno.EROFS: "wanted a folder that can be written to",
    errno.EACCES: "wanted a folder that you may write to",
    errno.EPERM: "wanted a folder that you may write to",
}


@contextlib.contextmanager
def writing(path: str | os.PathLike, sync: bool = True) -> Iterator[Path]:
    """Yield a temporary name beside ``path`` to write to; move it to ``path`` when the block ends without an error.

    Temporary files that killed processes of earlier runs left behind are removed. Without ``sync``, the file may be lost
    where the power fails: for one of many files, before ``os.sync()`` and the file that stands for all.

    Raises
    ------
    InputError
        When the disk is full, a quota is used up, or the folder cannot be written to.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        yield part
        if sync:
            with open(part, "rb") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    except Exception as error:
        if problem := unwritable(path, error):
            raise problem from error
        raise
    finally:
        with contextlib.suppress(OSError):  # in a folder that cannot be written to there is nothing to remove
            part.unlink()


def write_json(path: str | os.PathLike, document: object, indent: int | None = None) -> None:
    """Write a document of plain values as JSON in UTF-8, in one line unless ``indent`` is given; errors as ``writing``."""
    separators = (",", ":") if indent is None else None
    with writing(path) as part, open(part, "w", encoding="utf-8") as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=indent, separators=separators) + "\n")


def write_csv(path: str | os.PathLike, rows: Iterable[Iterable[object]], encoding: str = "utf-8") -> None:
    """Write rows, the header first, as CSV; errors as ``writing``."""
    with writing(path) as part, open(part, "w", newline="", encoding=encoding) as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def unwritable(path: str | os.PathLike, error: BaseException) -> InputError | None:
    """Return the error to show where ``error`` means that ``path`` cannot be written; None for any other error.

    HDF5, safetensors and PyTorch wrap the system's error in one of their own, so its text is searched as well.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, InputError):
        for number, advice in ADVICE.items():
            if getattr(cause, "errno", None) == number or os.strerror(number) in str(cause):
                return InputError(f"{path}: cannot be written: {os.strerror(number)}; {advice}")
        cause = cause.__cause__ or cause.__context__
    return None


def _remove_left(path: Path) -> None:
    """Remove temporary files of ``path`` whose process is gone, or which another machine has not written to for a day."""
    begin = f".{path.name}."
    for file in _temporary_files(path.parent):
        if not file.name.startswith(begin):
            continue
        host, _, process = file.name.removeprefix(begin).removesuffix(".part").rpartition(".")
        with contextlib.suppress(OSError):  # another process removed it first
            here = host == socket.gethostname() and process.isdecimal()
            if not _alive(int(process)) if here else time.time() - file.stat().st_mtime > ABANDONED:
                file.unlink()


@functools.cache
def _temporary_files(folder: Path) -> list[Path]:
    """Return the temporary files in a folder when this process first writes there; a job may write thousands of files to it."""
    return list(folder.glob(".*.part"))


def _alive(process: int) -> bool:
    """Return whether a process of this machine is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process of another user
        return True
    return True
