"""Archives: unpacked inside their folder or not at all."""

import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from spml.errors import InputError
from spml.log import Progress


def unpack(
    archive: str | os.PathLike, folder: str | os.PathLike, wanted: Callable[[str], bool] = lambda name: True
) -> list[Path]:
    """Unpack the members of a zip file whose names are wanted; returns their paths, sorted.

    Members are checked before anything is written. A member already there with the right size is kept. Each is written
    beside its place and moved there; its CRC is checked on the way.

    Raises
    ------
    InputError
        When the archive is broken, a member would lie outside the folder (absolute, "..", a link), or the disk is full.
    """
    folder = Path(folder)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir() and wanted(member.filename)]
            for member in members:
                _require_inside(archive, member)
            _require_room(archive, folder, members)
            progress = Progress(f"unpacking {Path(archive).name}", len(members), "files")
            for member in members:
                place = folder / member.filename
                if not (place.exists() and place.stat().st_size == member.file_size):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    part = place.with_name(f".{place.name}.part")
                    try:
                        with opened.open(member) as source, open(part, "wb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
                        os.replace(part, place)
                    finally:
                        part.unlink(missing_ok=True)
                progress.advance()
            progress.finish()
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise InputError(
            f"{archive}: cannot be unpacked into {folder}: {error}; if it is broken, delete it and run again"
        ) from error
    return sorted(folder / member.filename for member in members)


def _require_room(archive: str | os.PathLike, folder: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Raise InputError where the disk has no room for what is not there yet, before any of it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [member.file_size for member in members if not (folder / member.filename).exists()]
    free = shutil.disk_usage(folder).free
    if sum(sizes) > free:
        raise InputError(
            f"{archive}: {len(sizes):,} files of {sum(sizes):,} bytes to unpack into {folder}, found {free:,} bytes free; "
            "make room, then run again: nothing was unpacked"
        )


def _require_inside(archive: str | os.PathLike, member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    path = PurePosixPath(name)
    link = stat.S_ISLNK(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or link:
        what = "a link" if link else "a path that leaves the folder"
        raise InputError(
            f"{archive}: member {member.filename!r} is {what}; wanted plain files inside it: nothing was unpacked"
        )
