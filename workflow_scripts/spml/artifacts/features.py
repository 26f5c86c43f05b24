"""Feature files: cached features of a frozen backbone, one row per image.

Extraction writes shards. The file that other rules read is small and shows the shards as one matrix (an HDF5 virtual
dataset, for other programs). A shard holds its features in one piece and uncompressed, so that rows can be mapped to
memory. Compression would make them a fifth smaller and a read many times slower. Each row has a checksum (CRC-32) that is
compared when the row is first read: a checksum of the file alone would read all features before every training.
"""

import contextlib
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from spml.artifacts import hdf5, records
from spml.artifacts.mapped_rows import MappedRows, Piece
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

SETTINGS = ("backbone", "weights_sha256", "view", "preprocessing", "precision", "storage")  # equal in all shards
ADVICE = {
    "precision": "set backbones.{backbone}.precision to float32 or bfloat16 in the config (auto follows the machine)"
}


def averaged(features: np.ndarray) -> np.ndarray:
    """Return the features of pictures, float32 [B, D]: of several crops [B, K, D] the mean."""
    return features.mean(1) if features.ndim == 3 else features


def write_shard(
    path: str | os.PathLike,
    image_id: Sequence[str],
    batches: Iterable[np.ndarray],
    storage: str,
    *,
    keep_crops: bool = False,
    **attributes: object,
) -> tuple[int, int]:
    """Write batches float32 [B, D] as they come, in ``storage`` (float16 or float32); return the shape (n, D).

    Of batches [B, K, D] of K crops the mean is written, with ``keep_crops`` the crops as well: dataset ``crop_feature``.

    Raises
    ------
    InputError
        When a feature is not finite in that type: names the image.
    """
    progress = Progress("features", len(image_id), "images")
    done, matrix = 0, None
    checksums = np.zeros(len(image_id), np.uint32)
    with hdf5.creating(path, "feature_shard", storage=storage, **attributes) as file:
        hdf5.add_strings(file, "image_id", image_id)
        for found in batches:
            batch = averaged(found)
            with np.errstate(over="ignore"):
                stored = batch.astype(storage)
            broken = np.flatnonzero(~np.isfinite(stored).all(1))
            if len(broken):
                raise InputError(
                    f"features: image {image_id[done + broken[0]]} has values that are not finite in {storage} (largest "
                    f"{np.abs(batch[broken[0]]).max():g}); wanted finite: storage: float32, or other weights"
                )
            if matrix is None:
                matrix = file.create_dataset("feature", (len(image_id), batch.shape[1]), stored.dtype)
                if keep_crops:
                    crops = file.create_dataset("crop_feature", (len(image_id), *found.shape[1:]), stored.dtype)
            matrix[done : done + len(stored)] = stored
            if keep_crops:
                crops[done : done + len(stored)] = found.astype(storage)
            checksums[done : done + len(stored)] = [zlib.crc32(row) for row in stored]
            done += len(stored)
            progress.advance(len(stored))
        if matrix is None or done != len(image_id):
            raise RuntimeError(f"{path}: {done} rows came for {len(image_id)} images")
        shape = matrix.shape
        file.create_dataset("checksum", data=checksums)
    progress.finish()
    return shape


def join(path: str | os.PathLike, shards: Sequence[str | os.PathLike]) -> tuple[int, int]:
    """Write the file that shows these shards as one matrix, rows in order; return its shape (N, D).

    The file names each shard by its relative path and holds its checksum, so that it changes with the features.

    Raises
    ------
    InputError
        When shards were extracted with different settings: names both and what differs.
    """
    folder = Path(path).parent
    image_id: list[str] = []
    pieces: list[tuple[str, Piece]] = []
    checksums: list[np.ndarray] = []
    hashes: list[tuple[str, str]] = []
    first: dict[str, object] = {}
    for shard in shards:
        with hdf5.reading(shard, "feature_shard") as file:
            matrix = hdf5.dataset(file, "feature", (None, None), "f")
            settings = {name: file.attrs.get(name) for name in SETTINGS} | {"features": matrix.shape[1]}
            first = first or settings
            for name, value in settings.items():
                if value != first[name]:
                    advice = ADVICE.get(name, "delete the older, the next run makes it again").format(**settings)
                    raise InputError(
                        f"{name}: {shards[0]} has {first[name]!r}, {shard} has {value!r}; shards of one file must have "
                        f"the same: {advice}"
                    )
            ids = hdf5.strings(file, "image_id")
            checksums.append(hdf5.dataset(file, "checksum", (len(ids),), "u")[:])
            offset = matrix.id.get_offset() if len(matrix) else 0
            if len(ids) != len(matrix) or offset is None:  # in chunks, as another program may write it
                raise InputError(
                    f"{shard}: its features are not {len(ids)} rows in one piece; {hdf5.advice(shard, 'feature_shard')}"
                )
            image_id += ids
            piece = Piece(Path(shard), offset, matrix.shape)
            dtype = matrix.dtype
        pieces.append((os.path.relpath(shard, folder), piece))
        hashes.append((records.checksum_of(shard), _sha256_around(piece, dtype)))
    shape = len(image_id), pieces[0][1].shape[1]
    layout = h5py.VirtualLayout(shape, dtype)
    layout.dcpl.set_obj_track_times(False)  # the same features give the same bytes
    start = 0
    for name, piece in pieces:
        layout[start : start + piece.shape[0]] = h5py.VirtualSource(name, "feature", piece.shape, dtype)
        start += piece.shape[0]
    about = {name: first[name] for name in SETTINGS} | {"shards_by": records.read(shards[0])["rule"] or ""}
    with hdf5.creating(path, "features", **about) as file:
        hdf5.add_strings(file, "image_id", image_id)
        hdf5.add_strings(file, "shard", [name for name, _ in pieces])
        hdf5.add_strings(file, "shard_sha256", [whole for whole, _ in hashes])
        hdf5.add_strings(file, "shard_sha256_around", [around for _, around in hashes])
        file.create_dataset("shard_rows", data=np.array([piece.shape[0] for _, piece in pieces], np.int64))
        file.create_dataset("shard_offset", data=np.array([piece.offset for _, piece in pieces], np.int64))
        file.create_dataset("checksum", data=np.concatenate(checksums))
        file.create_virtual_dataset("feature", layout, fillvalue=np.nan)  # a shard that is lost must not read as zeros
    return shape


def _sha256_around(piece: Piece, dtype: np.dtype) -> str:
    """Return the SHA-256 of the bytes of a shard before and after its features, which have checksums of their own."""
    with piece.path.open("rb") as file:
        checksum = hashlib.sha256(file.read(piece.offset))
        file.seek(piece.shape[0] * piece.shape[1] * dtype.itemsize, os.SEEK_CUR)
        checksum.update(file.read())
    return checksum.hexdigest()


@dataclass
class Features:
    """An open file of features: the ids of all images, rows [n, D] that are read on demand, and ``SETTINGS`` by name.

    ``shard_rows`` are the numbers of rows of the shards, in order.
    """

    path: str
    image_id: list[str]
    width: int
    dtype: np.dtype
    mapped: MappedRows
    settings: Mapping[str, object]
    shard_rows: Sequence[int]

    @property
    def nbytes(self) -> int:
        """The size of the matrix in bytes."""
        return len(self.image_id) * self.width * self.dtype.itemsize

    @property
    def block(self) -> int:
        """The number of rows to read at a time, about a megabyte."""
        return max(1, (1 << 20) // max(self.width * self.dtype.itemsize, 1))

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Read the features [n, D] of rows (numbers [n]), a block at a time.

        Raises
        ------
        InputError
            When a row is damaged: names the file and the row.
        """
        features = np.empty((len(rows), self.width), self.dtype)
        for start in range(0, len(rows), self.block):
            block = rows[start : start + self.block]
            self.mapped.prefetch(block)
            features[start : start + len(block)] = self.mapped.read(block)
        return features


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[Features]:
    """Yield the features in a file made by ``join``, after a check that every shard is the one that was joined.

    Raises
    ------
    InputError
        When a shard is missing or damaged, or the parts disagree. A damaged row is told when it is read.
    """
    with hdf5.reading(path, "features") as file:
        image_id, names = hdf5.strings(file, "image_id"), hdf5.strings(file, "shard")
        matrix = hdf5.dataset(file, "feature", (len(image_id), None), "f")
        rows = hdf5.dataset(file, "shard_rows", (len(names),), "i")[:]
        offsets = hdf5.dataset(file, "shard_offset", (len(names),), "i")[:]
        around = hdf5.strings(file, "shard_sha256_around")
        checksums = hdf5.dataset(file, "checksum", (len(image_id),), "u")[:]
        width, dtype = matrix.shape[1], matrix.dtype
        settings = {name: file.attrs.get(name) for name in SETTINGS}
        maker = str(file.attrs.get("shards_by") or "extract_features")
    if rows.sum() != len(image_id) or len(around) != len(names):
        raise InputError(f"{path}: {len(image_id)} images, {rows.sum()} in its shards; {hdf5.advice(path, 'features')}")
    pieces = []
    for name, count, offset, checksum in zip(names, rows.tolist(), offsets.tolist(), around, strict=True):
        shard = Path(path).parent / name
        if not _inside(path, shard):
            raise InputError(f"{path}: its shard {name} lies elsewhere; {hdf5.advice(path, 'features')}")
        if not shard.is_file():
            raise InputError(
                f"{path}: its shard {shard} is missing; delete {path}, then run again: "
                + (
                    f"rule {maker} makes both again"
                    if maker == "map_features"
                    else f"rules {maker} and index_features make both again"
                )
            )
        piece = Piece(shard, offset, (count, width))
        if shard.stat().st_size < offset + count * width * dtype.itemsize or _sha256_around(piece, dtype) != checksum:
            raise InputError(
                f"{path}: its shard {shard} is damaged, or another than the one that was joined; delete {shard} and {path}, "
                "then run again"
            )
        pieces.append(piece)
    mapped = MappedRows(
        pieces, dtype, checksums, maker, lambda shard: f"delete {shard} and the file that joins it, then run again"
    )
    yield Features(str(path), image_id, width, dtype, mapped, settings, rows.tolist())


def require_kernel_values(stored: Features, landmarks_sha256: str, path: str | os.PathLike) -> None:
    """Raise InputError unless these are kernel values of the landmarks with this checksum, which belong to ``path``."""
    if stored.settings["weights_sha256"] != landmarks_sha256:
        raise InputError(
            f"{stored.path}: found kernel values of other landmarks than those of {path}; delete both, then run again"
        )


def _inside(path: str | os.PathLike, shard: Path) -> bool:
    """Return whether a shard lies in the folder of the file that joins it, or below."""
    return Path(os.path.abspath(shard)).is_relative_to(os.path.abspath(Path(path).parent))
