"""Packing: pictures in order into tar files of limited size, WebDataset's layout, the same bytes whenever it is done."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from spml.artifacts import manifest, picture_files
from spml.data import image_folder
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

BLOCK = 512  # bytes: what a tar is made of
READERS = 8  # pictures that are read at once: the time goes into waiting for the disk
AHEAD = 64  # pictures in memory


class Packed(NamedTuple):
    """A tar that was written: its name, its number of pictures, and its bytes."""

    name: str
    pictures: int
    size: int


def listed(source: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return name and path of the pictures to pack, in protocol order, and what is left out, with the reason.

    ``source`` is a folder of pictures, whose names are sorted, or the manifest of a part (results/{dataset}/images/train.csv),
    whose order is kept.

    Raises
    ------
    InputError
        When there is no picture, or the manifest is damaged.
    """
    if os.path.isdir(source):
        folder = image_folder.of_folder(source, "IMAGES")
        return [(name, os.path.join(source, name)) for name in folder.pictures], folder.left_out
    if not os.path.isfile(source):
        raise InputError(
            f"IMAGES: found {source!r}, which is not there; wanted a folder of pictures, or a manifest of a part"
        )
    found = manifest.read(source)
    if not found.path or not all(found.path):
        raise InputError(f"{source}: found images without pictures, wanted pictures to pack")
    return list(zip(map(os.path.normpath, found.file_name), found.path, strict=True)), []


def shared_keys(names: Iterable[str]) -> int:
    """Return how many pictures WebDataset would take for a part of another one: their names differ after the first dot alone."""
    keys = [str(PurePosixPath(name).with_name(PurePosixPath(name).name.split(".")[0] or ".")) for name in names]
    return len(keys) - len(set(keys))


def pack(pictures: Sequence[tuple[str, str]], folder: str, stem: str, limit: int) -> Iterator[Packed]:
    """Write pictures, name and path each, to ``folder``/``stem``-000000.tar and so on; yield each tar once it is written.

    No tar has more than ``limit`` bytes, unless one picture has. Times, owners and permissions of files are left out. The
    folder is there once all tars are.

    Raises
    ------
    InputError
        When the folder is there and not empty, a name leads out of the tar or comes twice, or a picture cannot be read.
    """
    target = Path(os.path.realpath(folder))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"TO: found {folder!r}, which is there and not empty; wanted a new folder for the tars")
    names = [name for name, _ in pictures]
    if bad := [name for name in names if name.startswith("/") or ".." in name.split("/")]:
        raise InputError(f"found {bad[0]!r}, wanted names inside the folder of the pictures")
    if len(set(names)) < len(names):
        raise InputError("found a picture twice, wanted each once")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    progress = Progress("packing", len(pictures), "pictures")
    contents = _contents(pictures)
    pending = next(contents, None)
    number = 0
    while pending:
        path = part / f"{stem}-{number:06}.tar"
        count = 0
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            while pending and (not count or tar.offset + _blocks(*pending) <= limit):
                name, content = pending
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(content), 0, 0o644
                tar.addfile(entry, io.BytesIO(content))
                count += 1
                progress.advance()
                pending = next(contents, None)
        yield Packed(path.name, count, path.stat().st_size)
        number += 1
    progress.finish()
    os.sync()
    if target.exists():
        target.rmdir()
    part.rename(target)


def _blocks(name: str, content: bytes) -> int:
    """Return the most bytes that a picture takes in a tar, and the end of the tar, which may follow it."""
    header = BLOCK if len(name) <= 100 and name.isascii() else 3 * BLOCK + len(os.fsencode(name)) * 2
    return header + -(-len(content) // BLOCK) * BLOCK + tarfile.RECORDSIZE


def _contents(pictures: Sequence[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each picture, some read ahead."""
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(pictures), AHEAD):
            batch = pictures[start : start + AHEAD]
            found = pool.map(_content, (path for _, path in batch))
            yield from ((name, content) for (name, _), content in zip(batch, found, strict=True))


def _content(path: str) -> bytes:
    try:
        with picture_files.open_picture(path) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a picture") from error
