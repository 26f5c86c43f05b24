"""Downloads: resumed where they stopped, checked for size and checksum."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from spml.artifacts.checksums import digest
from spml.runtime.errors import InputError
from spml.runtime.files import unwritable
from spml.runtime.log import Progress

TIMEOUT = (20.0, 60.0)  # seconds: to connect, between two pieces
TRIES, PAUSE = 5, 2.0  # tries in a row that bring nothing; seconds before the second one, doubling
PIECE = 1 << 16  # bytes: an interruption loses no more


def fetch(
    url: str,
    target: str | os.PathLike,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    advice: str = "",
    tries: int = TRIES,
) -> Path:
    """Download ``url`` to ``target`` from where an earlier try stopped; keep a whole file that fits. Return the target.

    Parameters
    ----------
    sha256 : the expected checksum, hexadecimal, whole or its beginning; None where none is known.
    md5 : the same, for data sets that are published with this one; compared where no sha256 is known.
    advice : what the user can do where there is no network.

    Raises
    ------
    InputError
        Without a connection, on an answer other than success, on a wrong size or checksum: names address and target.
        When the disk is full, or another process is fetching the same file.
    """
    target = Path(target)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part):
            return _fetch(url, target, part, ("sha256", sha256) if sha256 or not md5 else ("md5", md5), advice, tries)
    except OSError as error:  # of the disk: errors of the network are InputErrors by now
        raise unwritable(part, error) or error from error


def _fetch(url: str, target: Path, part: Path, wanted: tuple[str, str | None], advice: str, tries: int) -> Path:
    """Do what ``fetch`` says; ``wanted`` is an algorithm and a checksum."""
    if target.exists() and _fits(target, wanted):
        print(f"{target}: already there, {target.stat().st_size:,} bytes")
        return target
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            total = _continue(url, part)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            received = (part.stat().st_size if part.exists() else 0) - before
            failures = 0 if received > 0 else failures + 1
            if failures >= tries:
                raise InputError(f"{url}: cannot be fetched to {target}: {_reason(error)}. {advice}".strip()) from error
            print(f"{url}: interrupted ({_reason(error)}), trying again")
            time.sleep(PAUSE * 2 ** max(0, failures - 1) if tries > 1 else 0)
        except requests.HTTPError as error:
            raise InputError(f"{url}: cannot be fetched to {target}: {error}. {advice}".strip()) from error
    size = part.stat().st_size
    if total is not None and size != total:
        part.unlink()
        raise InputError(f"{url}: found {size:,} bytes, wanted {total:,}; removed, run again. {advice}".strip())
    algorithm, checksum = wanted
    if not _fits(part, wanted):
        actual = digest(part, algorithm)
        part.unlink()
        raise InputError(f"{url}: found {algorithm} {actual}, wanted {checksum}; removed, run again. {advice}".strip())
    os.replace(part, target)
    print(
        f"{target}: {size:,} bytes, {algorithm} {digest(target, algorithm)}"
        + ("" if checksum else " (no checksum known to compare with)")
    )
    return target


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Hold a lock on the file, so that no job left behind by an earlier run writes to it; the lock ends with the process."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{part}: another process is fetching this file, perhaps a job of a run that was killed; wait until it is "
                "done or end it, then run again: what came is kept"
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):  # a file system without locks
                raise
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                if not part.stat().st_size:
                    part.unlink()


def _continue(url: str, part: Path) -> int | None:
    """Append what is missing to ``part``; return the whole size, or None where the server does not tell it."""
    start = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing after `start`: the file is whole, or of another size
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            return int(whole) if whole.isdigit() else None
        answer.raise_for_status()
        if answer.status_code != 206:
            start = 0  # the server sends all of it
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        progress = Progress(part.name, int(length) if length else None, "bytes")
        with open(part, "ab" if start else "wb") as file:
            for piece in answer.iter_content(PIECE):
                file.write(piece)
                progress.advance(len(piece))
            file.flush()
            os.fsync(file.fileno())
    if total is not None and part.stat().st_size < total:
        raise requests.ConnectionError(f"{part.stat().st_size:,} of {total:,} bytes came")
    return total


def _fits(path: Path, wanted: tuple[str, str | None]) -> bool:
    """Return whether a file has the wanted checksum, or none is known."""
    algorithm, checksum = wanted
    return checksum is None or digest(path, algorithm).startswith(checksum.lower())


def _reason(error: Exception) -> str:
    """Return the innermost message, the informative one: requests wraps it."""
    cause: BaseException = error
    with contextlib.suppress(AttributeError):
        while cause.args and isinstance(cause.args[0], BaseException):
            cause = cause.args[0]
        cause = getattr(cause, "reason", cause)
    return str(cause) or type(error).__name__
