"""Which row of a user's matrix holds the features of each image of a part: ids, row numbers, and the checksum of the matrix."""

from collections.abc import Sequence

import numpy as np

from spml.artifacts import hdf5

KIND = "matched_rows"


def write(path: str, image_id: Sequence[str], row: np.ndarray, sha256: str) -> None:
    """Write the rows int64 [N] of the images, in the order of the manifest."""
    hdf5.write(path, KIND, {"row": row}, {"image_id": image_id}, sha256=sha256)


def read(path: str, start: int, image_id: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return the rows int64 [n] of the images from number ``start`` on, and the checksum of the matrix.

    Raises
    ------
    InputError
        When other images stand there, or the file is damaged or was moved.
    """
    with hdf5.reading(path, KIND) as file:
        row = hdf5.dataset(file, "row", (None,), "i")
        found = file["image_id"].asstr()[start : start + len(image_id)].tolist()
        hdf5.require_same("image_id", path, found, "the shard", list(image_id))
        return row[start : start + len(image_id)], str(file.attrs["sha256"])
