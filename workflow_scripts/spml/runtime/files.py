"""Files that are there whole or not at all."""

import contextlib
import errno
import functools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from spml.runtime.errors import InputError

LEFT = 86400.0  # seconds: a temporary file that nobody has written to for so long is nobody's
REASONS = {  # of what the user can mend, by errno
    errno.ENOSPC: "make room, then run again: what is finished stays",
    errno.EDQUOT: "make room within your quota, then run again: what is finished stays",
    errno.EROFS: "wanted a folder that can be written to",
    errno.EACCES: "wanted a folder that you may write to",
    errno.EPERM: "wanted a folder that you may write to",
}


@contextlib.contextmanager
def writing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to, moved to ``path`` when the block ends without an error.

    Temporary files that processes of earlier runs left when they were killed are removed.

    Raises
    ------
    InputError
        When the disk is full, a quota used up, or the folder cannot be written to.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    except Exception as error:
        if found := unwritable(path, error):
            raise found from error
        raise
    finally:
        with contextlib.suppress(OSError):  # in a folder that cannot be written to there is nothing to remove
            part.unlink()


def unwritable(path: str | os.PathLike, error: BaseException) -> InputError | None:
    """What to tell the user where an error means that ``path`` cannot be written; None for any other error.

    HDF5, safetensors and PyTorch wrap the system's error in one of their own: its text tells.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, InputError):
        for number, advice in REASONS.items():
            if getattr(cause, "errno", None) == number or os.strerror(number) in str(cause):
                return InputError(f"{path}: cannot be written: {os.strerror(number)}; {advice}")
        cause = cause.__cause__ or cause.__context__
    return None


def _remove_left(path: Path) -> None:
    """Temporary files of ``path`` whose process is gone, or on another machine has not written for a day."""
    begin = f".{path.name}."
    for left in _temporary_files(path.parent):
        if not left.name.startswith(begin):
            continue
        host, _, process = left.name.removeprefix(begin).removesuffix(".part").rpartition(".")
        with contextlib.suppress(OSError):  # somebody else was faster
            here = host == socket.gethostname() and process.isdecimal()
            if not _alive(int(process)) if here else time.time() - left.stat().st_mtime > LEFT:
                left.unlink()


@functools.cache
def _temporary_files(folder: Path) -> list[Path]:
    """Those that lie in a folder when this process first writes there; a job may write thousands of files to one."""
    return list(folder.glob(".*.part"))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
