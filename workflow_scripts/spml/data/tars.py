"""Tar files of pictures, as WebDataset writes them: what lies where in them. Only headers are read, nothing is unpacked."""

import os
import tarfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from spml.artifacts import left_out, regular_files
from spml.artifacts.picture_files import Member
from spml.artifacts.tar_index import Index
from spml.data import file_names
from spml.features import formats
from spml.runtime.errors import InputError

BLOCK = 512  # bytes: what a tar is made of
REST = 1 << 20  # bytes of the end that are read at a time
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstandard"}
WANTED = "wanted a plain tar file of pictures"


def members(path: str, name: str = "", looked_at: bool = False) -> list[tuple[Member, str]]:
    """Return the files in a tar in their order, and why each is left out, if its name tells.

    ``name`` stands for the path in what is returned. With ``looked_at``, the beginning of each file tells, too, whether it is
    a picture.

    Raises
    ------
    InputError
        When the tar is compressed, cut off or no tar, or something follows its end; when a member is a link, device or sparse
        file, has an absolute name, ``..`` in it or the name of another one.
    """
    name = name or path
    with regular_files.open_to_read(path) as file:
        _require_plain(name, file)
        file.seek(0)
        size = os.fstat(file.fileno()).st_size
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                listed = list(_listed(name, tar))
                end = tar.offset
        except (tarfile.TarError, ValueError, EOFError, OSError) as error:
            raise InputError(f"{name}: not a whole tar file ({error}); {WANTED}: copy or write it again") from error
        _require_end(name, file, end, size)
    if looked_at:
        found = formats.reasons([entry._replace(tar=path).path for entry, _ in listed], f"{name}: looking for pictures")
        listed = [
            (entry, reason or file_names.hidden_path(entry.name) or look or "")
            for (entry, reason), look in zip(listed, found, strict=True)
        ]
    return listed


def index(paths: Sequence[str], looked_at: bool = False) -> Index:
    """Return what these tars hold together; errors as ``members`` and ``Index.add``."""
    found = Index()
    for path in paths:
        found.add(members(path, looked_at=looked_at))
    return found


def _require_plain(name: str, file: BinaryIO) -> None:
    head = file.read(BLOCK)
    for begin, form in COMPRESSED.items():
        if head.startswith(begin):
            raise InputError(f"{name}: found a tar compressed by {form}; {WANTED}: pictures are compressed already")


def _listed(name: str, tar: tarfile.TarFile) -> Iterator[tuple[Member, str]]:
    known: set[str] = set()
    for entry in tar:
        inner = os.path.normpath(entry.name)
        if entry.isdir():
            continue
        if problem := _problem(entry, inner):
            raise InputError(f"{name}: found {entry.name!r}, {problem}; wanted regular files with names of their own")
        if inner in known:
            raise InputError(f"{name}: found {inner!r} twice; wanted regular files with names of their own")
        known.add(inner)
        reason = file_names.unfit(inner)
        shown = left_out.printable(inner) if reason else inner
        yield Member(name, entry.offset_data, entry.size, shown), reason


def _problem(entry: tarfile.TarInfo, inner: str) -> str:
    """Return what is wrong with an entry, empty if nothing is."""
    if entry.issym() or entry.islnk():
        return f"a link to {entry.linkname!r}"
    if not entry.isreg() or entry.sparse is not None:
        return "which is no plain file"
    if inner.startswith("/") or ".." in entry.name.split("/"):
        return "a path that leads out of it"
    return ""


def _require_end(name: str, file: BinaryIO, end: int, size: int) -> None:
    """Raise InputError unless a block of zeros ends the tar, and nothing but zeros follows it."""
    if size < end + BLOCK:
        raise InputError(
            f"{name}: found no end of the tar after {size:,} bytes: it is cut off; {WANTED}: copy it again"
        )
    file.seek(end)
    while block := file.read(REST):
        if any(block):
            raise InputError(
                f"{name}: found neither a file nor the end of the tar at byte {end:,}: it is damaged, or tars were joined; {WANTED}: "
                "copy or write it again"
            )
