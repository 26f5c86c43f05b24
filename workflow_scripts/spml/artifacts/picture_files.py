"""Files of pictures as the library opens them: a file of its own, or a member of a tar file, which is never unpacked.

A path names a member as ``shards/train-000000.tar//1536+8192//kitchen/2.jpg``: the tar, where the picture begins in it, its
size in bytes, and its name. Paths of files have no ``//``, so that no file has such a name.
"""

import contextlib
import functools
import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from spml.artifacts import regular_files
from spml.runtime.errors import InputError

MEMBER = re.compile(r"(?P<tar>.+\.(?i:tar))//(?P<offset>[0-9]+)\+(?P<size>[0-9]+)//(?P<name>.+)", re.DOTALL)
OPEN = 64  # tars that are kept open: on a file system of a network, opening takes longer than reading
WHOLE = 1 << 20  # bytes that are read at once: nearly every picture as a whole
NEAR = 1 << 16  # bytes between two pictures of a tar that are read with them rather than skipped


class Member(NamedTuple):
    """A picture in a tar: where it begins, and its size, in bytes."""

    tar: str
    offset: int
    size: int
    name: str

    @property
    def path(self) -> str:
        """The path that names it."""
        return f"{self.tar}//{self.offset}+{self.size}//{self.name}"


def member(path: str | os.PathLike) -> Member | None:
    """Return the member of a tar that a path names; None for a file of its own."""
    found = MEMBER.fullmatch(os.fspath(path))
    return Member(found["tar"], int(found["offset"]), int(found["size"]), found["name"]) if found else None


def tars(paths: Iterable[str]) -> list[str]:
    """Return the tars that these paths name members of, each once, sorted."""
    return sorted({found.tar for path in paths if (found := member(path))})


def located(paths: Sequence[str], files: Sequence[str]) -> list[str]:
    """Return the paths with each tar where it lies for this job: ``files`` are the tars among its inputs.

    A tar of object storage (s3://bucket/a.tar) lies in a copy whose path ends as its address does (…/bucket/a.tar).

    Raises
    ------
    InputError
        When a tar is none of them.
    """
    place = {tar: _place(tar, files) for tar in tars(paths)}
    if all(tar == file for tar, file in place.items()):
        return list(paths)
    return [found._replace(tar=place[found.tar]).path if (found := member(path)) else path for path in paths]


def _place(tar: str, files: Sequence[str]) -> str:
    ending = "/" + (tar.partition("://")[2] or tar).lstrip("/")
    found = tar if tar in files else min((file for file in files if file.endswith(ending)), key=len, default="")
    if not found:
        raise InputError(f"{tar}: found {len(files):,} tars among the inputs of the job, not this one; run again")
    return found


@contextlib.contextmanager
def open_picture(path: str | os.PathLike, block: int = WHOLE) -> Iterator[BinaryIO]:
    """Yield a picture, open to read; of one in a tar, ``block`` bytes are read at a time. Raises OSError as ``open`` does.

    Raises
    ------
    InputError
        When it is no regular file, or its tar is shorter than it was.
    """
    found = member(path)
    if not found:
        with regular_files.open_to_read(path) as file:
            yield file
        return
    tar = _tar(found.tar)
    if found.offset + found.size > tar.size:
        raise InputError(
            f"{path}: {found.tar} has {tar.size:,} bytes, fewer than when it was indexed; wanted it whole: copy it again"
        )
    if found.size <= block:
        yield io.BytesIO(os.pread(tar.descriptor, found.size, found.offset))
        return
    with io.BufferedReader(_Part(tar, found.offset, found.size), block) as file:
        yield file


def is_there(path: str) -> bool:
    """Return whether a path names a regular file, or a member of a tar that is there."""
    found = member(path)
    return os.path.isfile(found.tar if found else path)


def size(path: str) -> int:
    """Return the bytes of a picture; errors as ``open_picture``."""
    found = member(path)
    if found:
        return found.size
    status = os.stat(path)
    regular_files.require(path, status.st_mode)
    return status.st_size


def sha256(path: str) -> str:
    """Return the SHA-256 of a picture, hexadecimal; errors as ``open_picture``."""
    with open_picture(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def prefetch(paths: Iterable[str]) -> None:
    """Ask the operating system to read these members of tars in the background, neighbours as one block."""
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    for tar, start, stop in _blocks(found for path in paths if (found := member(path))):
        with contextlib.suppress(OSError):  # who opens the tar tells what is wrong with it
            os.posix_fadvise(_tar(tar).descriptor, start, stop - start, os.POSIX_FADV_WILLNEED)


def _blocks(members: Iterable[Member]) -> Iterator[tuple[str, int, int]]:
    """Yield tar, start and end of each run of members that lie near each other."""
    tar, start, stop = "", 0, 0
    for found in sorted(members):
        if tar != found.tar or found.offset > stop + NEAR:
            if tar:
                yield tar, start, stop
            tar, start, stop = found.tar, found.offset, found.offset
        stop = max(stop, found.offset + found.size)
    if tar:
        yield tar, start, stop


class _Tar:
    """A tar that is open until nothing reads it any more."""

    def __init__(self, path: str) -> None:
        self.descriptor = -1
        with regular_files.open_to_read(path) as file:
            self.descriptor = os.dup(file.fileno())
        self.size = os.fstat(self.descriptor).st_size

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


@functools.lru_cache(OPEN)
def _tar(path: str) -> _Tar:
    return _Tar(path)


class _Part(io.RawIOBase):
    """A part of a tar, read at its own position, so that threads share the open tar."""

    def __init__(self, tar: _Tar, offset: int, size: int) -> None:
        self._tar, self._offset, self._size, self._at = tar, offset, size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer) -> int:
        """Read into a buffer; return the number of bytes, 0 at the end."""
        count = max(0, min(len(buffer), self._size - self._at))
        data = os.pread(self._tar.descriptor, count, self._offset + self._at) if count else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position from the start, the present position or the end; return it from the start."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(22, "negative position in a picture")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Return the position from the start."""
        return self._at
