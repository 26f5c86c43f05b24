"""Features of the crops of pictures, which shards hold beside the mean over them where a backbone has crops."""

from pathlib import Path

import h5py
import numpy as np

from spml.artifacts import hdf5
from spml.artifacts.features import Features


class CropFeatures:
    """The features of the crops of all images, rows [n, K, D] that are read on demand."""

    def __init__(self, stored: Features) -> None:
        """Map the crops in the shards of an open file of features, whose bytes were compared when it was opened.

        Raises
        ------
        InputError
            When a shard has none.
        """
        with hdf5.reading(stored.path, "features") as file:
            shards = [Path(stored.path).parent / name for name in hdf5.strings(file, "shard")]
        self._starts = np.cumsum([0, *stored.shard_rows])
        self._pieces: list[np.ndarray] = []
        for path, count in zip(shards, stored.shard_rows, strict=True):
            with h5py.File(path, "r", locking=False) as shard:
                crops = hdf5.dataset(shard, "crop_feature", (count, None, stored.width), "f")
                offset, shape, dtype = crops.id.get_offset(), crops.shape, crops.dtype
            empty = np.empty(shape, dtype)
            self._pieces.append(np.memmap(path, dtype, "r", offset, shape) if empty.size and offset else empty)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return a copy of the rows [n, K, D] with these numbers [n]."""
        index = np.searchsorted(self._starts, rows, "right") - 1
        found = np.empty((len(rows), *self._pieces[0].shape[1:]), self._pieces[0].dtype)
        for number in np.unique(index):
            members = index == number
            found[members] = self._pieces[number][rows[members] - self._starts[number]]
        return found
