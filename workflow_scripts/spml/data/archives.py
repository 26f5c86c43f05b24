"""Archives of data sets: checked, and unpacked inside their folder."""

import contextlib
import functools
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from spml.runtime.errors import InputError
from spml.runtime.files import write_csv
from spml.runtime.log import Progress


@dataclass
class Member:
    """A file of an archive."""

    name: str
    size: int
    plain: bool  # neither link nor device
    open: Callable[[], IO[bytes]]


def unpack(archive: str | os.PathLike, folder: str | os.PathLike, prefixes: Sequence[str] = ("",)) -> list[Path]:
    """Unpack the members of a zip or tar file (compressed or not) whose names begin with one of the prefixes.

    Members are checked before anything is written. A member that is already there with the right size is kept. Each is
    written to a temporary name and moved; the CRC of a zip file's member is checked on the way. Return the paths of the
    members, sorted.

    Raises
    ------
    InputError
        When the archive is broken, no member begins with one of the prefixes, a member would lie outside the folder
        (absolute, "..", a link), or the disk is full.
    """
    folder = Path(folder)
    try:
        with _members(archive) as listed:
            members = [member for member in listed if _plain(member.name).startswith(tuple(prefixes))]
            for prefix in prefixes:
                if not any(_plain(member.name).startswith(prefix) for member in members):
                    raise InputError(f"{archive}: found no member {prefix}, wanted {', '.join(prefixes)}")
            for member in members:
                _require_inside(archive, member)
            _require_room(archive, folder, members)
            progress = Progress(f"unpacking {Path(archive).name}", len(members), "files")
            for member in members:
                path = folder / member.name
                if not (path.exists() and path.stat().st_size == member.size):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    part = path.with_name(f".{path.name}.part")
                    try:
                        with member.open() as source, open(part, "wb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
                        os.replace(part, path)
                    finally:
                        part.unlink(missing_ok=True)
                progress.advance()
            progress.finish()
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise InputError(
            f"{archive}: cannot be unpacked into {folder}: {error}; if it is broken, delete it and run again"
        ) from error
    return sorted(folder / member.name for member in members)


def write_listing(path: str | os.PathLike, files: Sequence[Path]) -> None:
    """Write path and bytes of each unpacked file as CSV, the file that stands for them all in the workflow."""
    write_csv(path, [("path", "bytes"), *((file, file.stat().st_size) for file in files)])


def _plain(name: str) -> str:
    """Return the name of a member without the ./ that some tar files have before it."""
    return name.removeprefix("./")


@contextlib.contextmanager
def _members(archive: str | os.PathLike) -> Iterator[list[Member]]:
    """Yield the members of an archive in its order, without folders."""
    if not zipfile.is_zipfile(archive) and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield [
                Member(member.name, member.size, member.isreg(), functools.partial(_file_in, tar, member))
                for member in tar
                if not member.isdir()
            ]
        return
    with zipfile.ZipFile(archive) as opened:
        yield [
            Member(
                member.filename,
                member.file_size,
                not stat.S_ISLNK(member.external_attr >> 16),
                functools.partial(opened.open, member),
            )
            for member in opened.infolist()
            if not member.is_dir()
        ]


def _file_in(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Return a plain member, open to read."""
    opened = tar.extractfile(member)
    assert opened is not None  # None for folders only
    return opened


def _require_room(archive: str | os.PathLike, folder: Path, members: Sequence[Member]) -> None:
    """Raise InputError where the disk has no room for the members that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [member.size for member in members if not (folder / member.name).exists()]
    free = shutil.disk_usage(folder).free
    if sum(sizes) > free:
        raise InputError(
            f"{archive}: {len(sizes):,} files of {sum(sizes):,} bytes to unpack into {folder}, found {free:,} bytes free; "
            "make room, then run again: nothing was unpacked"
        )


def _require_inside(archive: str | os.PathLike, member: Member) -> None:
    """Raise InputError where a member is no plain file inside the folder."""
    path = PurePosixPath(member.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or not member.plain:
        what = "a path that leaves the folder" if member.plain else "a link or no plain file"
        raise InputError(
            f"{archive}: member {member.name!r} is {what}; wanted plain files inside it: nothing was unpacked"
        )
