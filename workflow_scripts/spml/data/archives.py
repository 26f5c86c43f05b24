"""Archives: unpacked inside their folder or not at all."""

import contextlib
import csv
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

from spml.artifacts.spreadsheet import escaped
from spml.runtime.errors import InputError
from spml.runtime.files import writing
from spml.runtime.log import Progress


@dataclass
class Member:
    """A file of an archive."""

    name: str
    size: int
    plain: bool  # no link and no device
    open: Callable[[], IO[bytes]]


def unpack(
    archive: str | os.PathLike, folder: str | os.PathLike, wanted: Callable[[str], bool] = lambda name: True
) -> list[Path]:
    """Unpack the members of a zip or tar file (compressed or not) whose names are wanted; returns their paths, sorted.

    Members are checked before anything is written. A member already there with the right size is kept. Each is written
    beside its place and moved there; the CRC of a zip file's member is checked on the way.

    Raises
    ------
    InputError
        When the archive is broken, a member would lie outside the folder (absolute, "..", a link), or the disk is full.
    """
    folder = Path(folder)
    try:
        with _members(archive) as found:
            members = [member for member in found if wanted(member.name)]
            for member in members:
                _require_inside(archive, member)
            _require_room(archive, folder, members)
            progress = Progress(f"unpacking {Path(archive).name}", len(members), "files")
            for member in members:
                place = folder / member.name
                if not (place.exists() and place.stat().st_size == member.size):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    part = place.with_name(f".{place.name}.part")
                    try:
                        with member.open() as source, open(part, "wb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
                        os.replace(part, place)
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
    """Write path and bytes of each unpacked file, as CSV: the file that stands for them all in the workflow."""
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "bytes"])
        writer.writerows([escaped(str(unpacked)), unpacked.stat().st_size] for unpacked in files)


@contextlib.contextmanager
def _members(archive: str | os.PathLike) -> Iterator[list[Member]]:
    """What an archive holds but for folders, in its order."""
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
    opened = tar.extractfile(member)
    assert opened is not None  # a plain file
    return opened


def _require_room(archive: str | os.PathLike, folder: Path, members: Sequence[Member]) -> None:
    """Raise InputError where the disk has no room for what is not there yet, before any of it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [member.size for member in members if not (folder / member.name).exists()]
    free = shutil.disk_usage(folder).free
    if sum(sizes) > free:
        raise InputError(
            f"{archive}: {len(sizes):,} files of {sum(sizes):,} bytes to unpack into {folder}, found {free:,} bytes free; "
            "make room, then run again: nothing was unpacked"
        )


def _require_inside(archive: str | os.PathLike, member: Member) -> None:
    path = PurePosixPath(member.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or not member.plain:
        what = "a path that leaves the folder" if member.plain else "a link or no plain file"
        raise InputError(
            f"{archive}: member {member.name!r} is {what}; wanted plain files inside it: nothing was unpacked"
        )
