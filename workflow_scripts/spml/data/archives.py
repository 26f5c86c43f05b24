"""Archives of data sets: checked, and unpacked inside their folder."""

import contextlib
import functools
import lzma
import os
import shutil
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from spml.runtime.errors import InputError
from spml.runtime.files import write_csv
from spml.runtime.log import Progress

# What the libraries raise for an archive that cannot be read: damaged, encrypted, of an unknown method.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
BROKEN = (*DAMAGE, OSError, RuntimeError, ValueError)


@dataclass
class Member:
    """A file of an archive."""

    name: str  # without the ./ that some tar files have before it
    size: int
    plain: bool  # neither link nor device
    open: Callable[[], IO[bytes]]


def unpack(archive: str | os.PathLike, folder: str | os.PathLike, prefixes: Sequence[str] = ("",)) -> list[Path]:
    """Unpack the members of a zip or tar file (compressed or not) whose names begin with one of the prefixes.

    Members are checked before anything is written. A member that is already there with the right size is kept. Each is
    written to a temporary name and moved; the CRC of a zip file's member is checked on the way. Return the paths of the
    members, sorted. The folder may be a link; links in it are not followed.

    Raises
    ------
    InputError
        When the archive is broken, no member begins with one of the prefixes, a member would lie outside the folder
        (absolute, "..", a link), is no plain file, has no proper name or that of another (case does not count), a link
        lies in the folder where one would be written, or the disk is full.
    """
    folder = Path(folder)
    try:
        with _members(archive) as listed:
            members = [member for member in listed if member.name.startswith(tuple(prefixes))]
            for prefix in prefixes:
                if not any(member.name.startswith(prefix) for member in members):
                    raise InputError(f"{archive}: found no member {prefix}, wanted {', '.join(prefixes)}")
            for member in members:
                _require_plain(archive, member)
            _require_unique(archive, members)
            _require_no_links(archive, folder, members)
            _require_room(archive, folder, members)
            progress = Progress(f"unpacking {Path(archive).name}", len(members), "files")
            for member in members:
                path = folder / member.name
                if not (path.exists() and path.stat().st_size == member.size):
                    _write(member, path)
                progress.advance()
            progress.finish()
    except BROKEN as error:
        raise InputError(
            f"{archive}: cannot be unpacked into {folder}: {error}; if it is broken, delete it and run again"
        ) from error
    return sorted(folder / member.name for member in members)


def write_listing(path: str | os.PathLike, files: Sequence[Path]) -> None:
    """Write path and bytes of each unpacked file as CSV, the file that stands for them all in the workflow."""
    write_csv(path, [("path", "bytes"), *((file, file.stat().st_size) for file in files)])


def _write(member: Member, path: Path) -> None:
    """Write a member to its path, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of a process that was killed
    try:
        with member.open() as source, open(part, "xb") as target:  # "x" follows no link
            shutil.copyfileobj(source, target, 1 << 20)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _members(archive: str | os.PathLike) -> Iterator[list[Member]]:
    """Yield the members of an archive in its order, without folders."""
    if not zipfile.is_zipfile(archive) and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            yield [
                Member(
                    member.name.removeprefix("./"),
                    member.size,
                    member.isreg(),
                    functools.partial(_file_in, tar, member),
                )
                for member in tar
                if not member.isdir()
            ]
        return
    with zipfile.ZipFile(archive) as opened:
        yield [
            Member(
                member.orig_filename.removeprefix("./"),  # zipfile would cut it at a NUL
                member.file_size,
                stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG),
                functools.partial(opened.open, member),
            )
            for member in opened.infolist()
            if not member.orig_filename.endswith("/")  # is_dir() fails for a name that is empty
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


def _require_plain(archive: str | os.PathLike, member: Member) -> None:
    """Raise InputError where a member is no plain file inside the folder, or where its name is not one path."""
    names = member.name.replace("\\", "/").split("/")
    if not member.plain or member.size < 0:
        problem = "a link or no plain file"
    elif member.name.startswith(("/", "\\")) or ".." in names or ":" in names[0]:
        problem = "a path that leaves the folder"
    elif "" in names or "." in names or not member.name.isprintable() or "\\" in member.name:
        problem = "not a proper path: a part is empty or a dot, or it has backslashes or unprintable characters"
    else:
        return
    raise InputError(
        f"{archive}: member {member.name!r} is {problem}; wanted plain files inside it: nothing was unpacked"
    )


def _require_unique(archive: str | os.PathLike, members: Sequence[Member]) -> None:
    """Raise InputError where two members would be one file on some system, or one is the folder of another."""
    names: dict[str, str] = {}
    for member in members:
        key = unicodedata.normalize("NFC", member.name).casefold()
        if key in names:
            raise InputError(
                f"{archive}: members {names[key]!r} and {member.name!r} have one name, letter case aside; wanted each "
                "once: nothing was unpacked"
            )
        names[key] = member.name
    for key, name in names.items():
        folder = key.rpartition("/")[0]
        while folder:
            if folder in names:
                raise InputError(
                    f"{archive}: member {names[folder]!r} is a file and the folder of {name!r}; wanted one of them: "
                    "nothing was unpacked"
                )
            folder = folder.rpartition("/")[0]


def _require_no_links(archive: str | os.PathLike, folder: Path, members: Sequence[Member]) -> None:
    """Raise InputError where a link, or anything else than a file or folder, lies where a member would be written."""
    folders = {parent for member in members for parent in Path(member.name).parents}
    files = {Path(member.name) for member in members}
    for relative in sorted(folders | files):
        path = folder / relative
        if path.is_symlink() and path != folder:
            raise InputError(
                f"{archive}: {path} is a link to {os.readlink(path)}, wanted to unpack there; remove it (or name your own "
                "copies in config.yaml, datasets.<name>.train / .test), then run again: nothing was unpacked"
            )
        if path.exists() and not (path.is_dir() if relative in folders else path.is_file()):
            wanted = "a folder" if relative in folders else "a file"
            raise InputError(f"{archive}: {path} is not {wanted}, wanted to unpack there; remove it, then run again")
