"""Feature files: cached features of a frozen backbone, one row per image.

Extraction writes shards. The file that other rules read is small and shows the shards as one matrix (an HDF5 virtual
dataset). A shard holds its features in one piece and uncompressed, so that rows can be mapped to memory. Compression
would make them a fifth smaller and a read many times slower.
"""

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from spml.artifacts import hdf5
from spml.artifacts.checksums import sha256
from spml.artifacts.mapped_rows import MappedRows
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

SETTINGS = ("backbone", "weights_sha256", "image_size", "preprocessing", "precision", "storage")  # equal in all shards
ADVICE = {
    "precision": "set backbones.{backbone}.precision to float32 or bfloat16 in the config (auto follows the machine)"
}


def write_shard(
    path: str | os.PathLike,
    image_id: Sequence[str],
    batches: Iterable[np.ndarray],
    storage: str,
    **attributes: object,
) -> tuple[int, int]:
    """Write batches float32 [B, D] as they come, in ``storage`` (float16 or float32); return the shape (n, D).

    Raises
    ------
    InputError
        When a feature is not finite in that type: names the image.
    """
    progress = Progress("features", len(image_id), "images")
    done, matrix = 0, None
    with hdf5.creating(path, "feature_shard", storage=storage, **attributes) as file:
        hdf5.add_strings(file, "image_id", image_id)
        for batch in batches:
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
            matrix[done : done + len(stored)] = stored
            done += len(stored)
            progress.advance(len(stored))
        if matrix is None or done != len(image_id):
            raise RuntimeError(f"{path}: {done} rows came for {len(image_id)} images")
        shape = matrix.shape
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
    pieces: list[tuple[str, tuple[int, int], np.dtype]] = []
    first: dict[str, object] = {}
    for shard in shards:
        with hdf5.reading(shard, "feature_shard") as file:
            settings = {name: file.attrs[name] for name in SETTINGS} | {"features": file["feature"].shape[1]}
            first = first or settings
            for name, value in settings.items():
                if value != first[name]:
                    advice = ADVICE.get(name, "delete the older, the next run makes it again").format(**settings)
                    raise InputError(
                        f"{name}: {shards[0]} has {first[name]!r}, {shard} has {value!r}; shards of one file must have "
                        f"the same: {advice}"
                    )
            image_id += hdf5.strings(file, "image_id")
            pieces.append((os.path.relpath(shard, folder), file["feature"].shape, file["feature"].dtype))
    shape = len(image_id), pieces[0][1][1]
    layout = h5py.VirtualLayout(shape, pieces[0][2])
    layout.dcpl.set_obj_track_times(False)  # the same features give the same bytes
    start = 0
    for name, piece, dtype in pieces:
        layout[start : start + piece[0]] = h5py.VirtualSource(name, "feature", piece, dtype)
        start += piece[0]
    with hdf5.creating(path, "features", **{name: first[name] for name in SETTINGS}) as file:
        hdf5.add_strings(file, "image_id", image_id)
        hdf5.add_strings(file, "shard", [name for name, _, _ in pieces])
        hdf5.add_strings(file, "shard_sha256", [sha256(shard) for shard in shards])
        file.create_virtual_dataset("feature", layout, fillvalue=np.nan)  # a shard that is lost must not read as zeros
    return shape


@dataclass
class Features:
    """An open file of features: the ids of all images, and rows [n, D] that are read on demand."""

    path: str
    image_id: list[str]
    matrix: h5py.Dataset
    shards: list[Path]

    @property
    def width(self) -> int:
        return self.matrix.shape[1]

    @property
    def dtype(self) -> np.dtype:
        return self.matrix.dtype

    @property
    def nbytes(self) -> int:
        """The size of the matrix in bytes."""
        return len(self.image_id) * self.width * self.dtype.itemsize

    @property
    def block(self) -> int:
        """The number of rows to read at a time, about a megabyte."""
        return max(1, (1 << 20) // max(self.width * self.dtype.itemsize, 1))

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Read the features [n, D] of rows (increasing numbers [n]) in order, a block at a time.

        Raises
        ------
        InputError
            When a feature is not finite: names the file and the image.
        """
        features = np.empty((len(rows), self.width), self.dtype)
        start = 0
        while start < len(rows):
            first = int(rows[start])
            end = int(np.searchsorted(rows, first + self.block))
            features[start:end] = self.matrix[first : int(rows[end - 1]) + 1][rows[start:end] - first]
            broken = np.flatnonzero(~np.isfinite(features[start:end]).all(1))
            if len(broken):
                row = int(rows[start + broken[0]])
                raise InputError(
                    f"{self.path}: row {row} (image {self.image_id[row]}) holds NaN or infinity; wanted finite features"
                )
            start = end
        return features

    @functools.cached_property
    def mapped(self) -> MappedRows:
        """The same rows, mapped to memory at the first use. ``read`` checks their values, ``mapped.read`` does not."""
        return MappedRows(self.shards)


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[Features]:
    """Yield the features in a file made by ``join``, after a check that every shard is there.

    Raises
    ------
    InputError
        When a shard is missing or unreadable, or the parts disagree.
    """
    with hdf5.reading(path, "features") as file:
        image_id, matrix = hdf5.strings(file, "image_id"), file["feature"]
        shards = [Path(path).parent / name for name in hdf5.strings(file, "shard")]
        rows = 0
        for shard in shards:
            if not shard.is_file():
                raise InputError(
                    f"{path}: its shard {shard} is missing; delete this file, too: rules extract_features and "
                    "index_features make both again in the next run"
                )
            with hdf5.reading(shard, "feature_shard") as part:
                rows += len(part["feature"])
        if not len(matrix) == len(image_id) == rows:
            raise InputError(
                f"{path}: {len(matrix)} rows for {len(image_id)} image ids, {rows} in its shards; {hdf5.advice('features')}"
            )
        yield Features(str(path), image_id, matrix, shards)
