"""Downloads: resumed where they stopped, checked for size and checksum."""

import contextlib
import errno
import fcntl
import http.client
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import requests
from requests.exceptions import BaseHTTPError  # type: ignore[attr-defined]  # urllib3's, not wrapped everywhere

from spml.artifacts.checksums import digest
from spml.data import addresses
from spml.runtime.errors import InputError
from spml.runtime.files import unwritable
from spml.runtime.log import Progress

TIMEOUT = (20.0, 60.0)  # seconds: to connect, between two pieces
REDIRECTS = 10  # one after the other, at most
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
        When the address is none, without a connection, on an answer other than success, on a redirect to a foreign
        host, on a wrong size or checksum: names address and target. When the disk is full, a link lies where the file
        would be written, or another process is fetching the same file.
    """
    target = Path(target)
    part = target.with_name(target.name + ".part")
    addresses.parts(url)
    try:
        if target.exists() and not target.is_file():
            raise InputError(f"{target}: found no plain file, wanted none or the file of {url}: remove it")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part):
            return _fetch(url, target, part, ("sha256", sha256) if sha256 or not md5 else ("md5", md5), advice, tries)
    except OSError as error:  # of the disk: errors of the network are InputErrors by now
        raise unwritable(part, error) or InputError(f"{part}: cannot be written: {error.strerror or error}") from error


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
        except (requests.RequestException, BaseHTTPError, http.client.HTTPException, ValueError) as error:
            raise InputError(f"{url}: cannot be fetched to {target}: {_reason(error)}. {advice}".strip()) from error
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
    with _opened(part, append=True) as file:
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
    if start:
        with _get(url, start) as answer:
            whole = _range(answer)[2]
            if answer.status_code == 416 and whole is not None:  # nothing follows; the size tells whether all is there
                return whole
            if answer.status_code == 200:  # the server sends all of it
                return _append(answer, part, 0)
            if answer.status_code == 206 and _continues(answer, start):
                return _append(answer, part, start)
        print(f"{url}: found another range than what follows {start:,} bytes; starting again")
    with _get(url, 0) as answer:
        return _append(answer, part, 0)


class _Session(requests.Session):
    """Leaves redirects alone: they are checked here first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None, which means no redirect."""


@contextlib.contextmanager
def _get(url: str, start: int) -> Iterator[requests.Response]:
    """Yield the answer to a request for the bytes from ``start`` on, after allowed redirects: 200, 206 or 416."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    address = url
    for _ in range(REDIRECTS + 1):
        with (
            _Session() as session,
            session.get(address, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False) as answer,
        ):
            if answer.is_redirect:
                address = addresses.redirected(
                    url, address, answer.headers["Location"].encode("latin-1").decode(errors="replace")
                )
                continue
            if answer.status_code not in ((200, 206, 416) if start else (200,)):
                answer.raise_for_status()
                raise InputError(f"{url}: answered {answer.status_code} {answer.reason}, wanted 200 OK")
            if (encoding := answer.headers.get("Content-Encoding", "identity").strip().lower()) not in ("", "identity"):
                raise InputError(f"{url}: found Content-Encoding {encoding!r}, wanted the bytes of the file themselves")
            yield answer
            return
    raise InputError(f"{url}: found more than {REDIRECTS} redirects, the last to {address}; wanted a file")


def _range(answer: requests.Response) -> tuple[int | None, int | None, int | None]:
    """Return first byte, last byte and whole size by the answer's Content-Range; None for what it does not hold."""
    header = answer.headers.get("Content-Range", "").strip()
    match = re.fullmatch(r"bytes +(?:([0-9]{1,18})-([0-9]{1,18})|[*])/(?:([0-9]{1,18})|[*])", header)
    first, last, whole = (int(number) if number else None for number in (match.groups() if match else [None] * 3))
    return first, last, whole


def _continues(answer: requests.Response, start: int) -> bool:
    """Return whether an answer holds all that follows the first ``start`` bytes."""
    first, last, whole = _range(answer)
    length = _length(answer)
    return first == start and last is not None and whole in (None, last + 1) and length in (None, last + 1 - start)


def _length(answer: requests.Response) -> int | None:
    """Return the number of bytes that the answer announces, or None; raise InputError where the header is no number."""
    header = answer.headers.get("Content-Length")
    if header is None or "chunked" in answer.headers.get("Transfer-Encoding", "").lower():  # the latter counts
        return None
    if not re.fullmatch(r"[0-9]{1,18}", header.strip()):
        raise InputError(f"{answer.url}: found Content-Length {header!r}, wanted a number of bytes")
    return int(header)


def _append(answer: requests.Response, part: Path, start: int) -> int | None:
    """Write the answer to ``part`` from ``start`` on; return the whole size, or None where the server does not tell it."""
    length = _length(answer)
    total = start + length if length is not None else _range(answer)[2]
    progress = Progress(part.name, length, "bytes")
    with _opened(part, append=start > 0) as file:
        for piece in answer.iter_content(PIECE):
            file.write(piece)
            progress.advance(len(piece))
        file.flush()
        os.fsync(file.fileno())
    if total is not None and part.stat().st_size < total:
        raise requests.ConnectionError(f"{part.stat().st_size:,} of {total:,} bytes came")
    return total


def _opened(part: Path, append: bool) -> IO[bytes]:
    """Open a file to write to; raise InputError where a link or anything else than a file lies there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_APPEND if append else os.O_TRUNC)
    try:
        descriptor = os.open(part, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise InputError(f"{part}: found a link or no plain file, wanted none or a file: remove it") from error
        raise
    file = os.fdopen(descriptor, "ab" if append else "wb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise InputError(f"{part}: found a link or no plain file, wanted none or a file: remove it")
    return file


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
