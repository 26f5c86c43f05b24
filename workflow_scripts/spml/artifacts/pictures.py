"""Shards of decoded pictures: resized once as a backbone wants them, then read at random in every epoch.

Decoding takes many times as long as reading pixels (docs/performance.md). A shard holds its pictures in one piece and
uncompressed, so that they can be mapped to memory. Each picture has a checksum (CRC-32) that is compared when it is first
read. The checksum of all other bytes stands in the first block of the file, which HDF5 leaves to its user. So nothing reads
all pictures before every training.
"""

import contextlib
import hashlib
import json
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spml.artifacts import hdf5, records
from spml.artifacts.mapped_rows import MappedRows, Piece
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

KIND = "picture_shard"
SEAL = 512  # bytes of the first block, the fewest that HDF5 allows


def write_shard(
    path: str | os.PathLike, image_id: Sequence[str], batches: Iterable[np.ndarray], preprocessing: str
) -> tuple[int, int]:
    """Write batches of pictures, uint8 [B, S, S, 3], as they come; return their number and side (n, S).

    ``preprocessing`` is the text of the spml.features.preprocessing.Preprocessing that resized them.
    """
    progress = Progress("pictures", len(image_id), "images")
    done, matrix = 0, None
    checksums = np.zeros(len(image_id), np.uint32)
    with records.writing(path, KIND) as part:
        with hdf5.filling(part, path, KIND, userblock=SEAL, preprocessing=preprocessing) as file:
            hdf5.add_strings(file, "image_id", image_id)
            for batch in batches:
                if matrix is None:
                    matrix = file.create_dataset("picture", (len(image_id), *batch.shape[1:]), np.uint8)
                matrix[done : done + len(batch)] = batch
                checksums[done : done + len(batch)] = [zlib.crc32(picture) for picture in batch]
                done += len(batch)
                progress.advance(len(batch))
            if matrix is None or done != len(image_id):
                raise RuntimeError(f"{path}: {done} pictures came for {len(image_id)} images")
            file.create_dataset("checksum", data=checksums)
            shape, start = matrix.shape, matrix.id.get_offset()
        with open(part, "r+b") as sealed:
            sealed.write(_seal(part, start, start + math.prod(shape)))
    progress.finish()
    return shape[:2]


@dataclass
class Pictures:
    """Open shards of pictures as one: the ids of all images, and pictures [n, S, S, 3] that are read on demand.

    ``size`` is the side S, ``preprocessing`` the text of what resized them.
    """

    image_id: list[str]
    size: int
    preprocessing: str
    mapped: MappedRows

    def read(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return a copy of the pictures with these row numbers [n], uint8 [n, S, S, 3], written to ``out`` if named.

        Raises
        ------
        InputError
            When a picture is damaged: names the file and the row.
        """
        shape = len(rows), self.size, self.size, 3
        return self.mapped.read(rows, None if out is None else out.reshape(len(rows), -1)).reshape(shape)

    def prefetch(self, rows: np.ndarray) -> None:
        """Ask the operating system to read the pictures with these row numbers [n] in the background."""
        self.mapped.prefetch(rows)


@contextlib.contextmanager
def reading(paths: Sequence[str | os.PathLike]) -> Iterator[Pictures]:
    """Yield the pictures of some shards, one shard after the other.

    Raises
    ------
    InputError
        When a shard is missing or damaged, or resized in another way than the first. A damaged picture is told when it is
        read.
    """
    image_id: list[str] = []
    pieces: list[Piece] = []
    checksums: list[np.ndarray] = []
    first: dict[str, Any] = {}
    for path in paths:
        with hdf5.reading(path, KIND, _verify) as file:
            ids = hdf5.strings(file, "image_id")
            matrix = hdf5.dataset(file, "picture", (len(ids), None, None, 3), "u")
            settings = {"size": matrix.shape[1], "preprocessing": file.attrs.get("preprocessing")}
            first = first or settings
            for name, value in settings.items():
                if value != first[name]:
                    raise InputError(
                        f"{name}: {paths[0]} has {first[name]!r}, {path} has {value!r}; shards that are read together must "
                        "have the same: delete the older, the next run makes it again"
                    )
            image_id += ids
            checksums.append(hdf5.dataset(file, "checksum", (len(ids),), "u")[:])
            pieces.append(Piece(Path(path), matrix.id.get_offset(), (len(ids), math.prod(matrix.shape[1:]))))
    mapped = MappedRows(pieces, np.dtype(np.uint8), np.concatenate(checksums), hdf5.RULES[KIND], _advice)
    yield Pictures(image_id, first["size"], first["preprocessing"], mapped)


def _advice(path: str | os.PathLike) -> str:
    return hdf5.advice(path, KIND)


def _verify(path: str | os.PathLike, kind: str) -> None:
    """Raise InputError unless the record of a shard is its own and all bytes but its pictures are those that were written."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: found no such shard of pictures; rule {hdf5.RULES[kind]} makes it in the next run")
    records.read(path, kind)
    with open(path, "rb") as file:
        block = file.read(SEAL)
    try:
        start, stop = (int(json.loads(block.rstrip(b"\0"))[name]) for name in ("start", "stop"))
        whole = SEAL <= start < stop <= os.path.getsize(path) and block == _seal(path, start, stop)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"{path}: its bytes differ from those that rule {hdf5.RULES[kind]} wrote; {_advice(path)}")


def _seal(path: str | os.PathLike, start: int, stop: int) -> bytes:
    """Return the first block of a shard: where its pictures lie in the file, and the SHA-256 of what lies around them."""
    with open(path, "rb") as file:
        file.seek(SEAL)
        checksum = hashlib.sha256(file.read(start - SEAL))
        file.seek(stop)
        checksum.update(file.read())
    document = {"start": start, "stop": stop, "sha256_around": checksum.hexdigest()}
    return json.dumps(document).encode().ljust(SEAL, b"\0")
