"""Feature files: cached features of a frozen backbone, a row an image."""

import os
from collections.abc import Iterable, Sequence

import numpy as np

from spml import hdf5
from spml.errors import InputError
from spml.log import Progress


def write(
    path: str | os.PathLike,
    image_id: Sequence[str],
    batches: Iterable[np.ndarray],
    precision: str,
    **attributes: object,
) -> tuple[int, int]:
    """Write batches float32 [B, D] as they come, in ``precision`` (float16 or float32); returns the shape (N, D).

    Raises
    ------
    InputError
        When a feature is not finite in that precision: names the image.
    """
    progress = Progress("features", len(image_id), "images")
    done, matrix = 0, None
    with hdf5.creating(path, "features", precision=precision, **attributes) as file:
        hdf5.add_strings(file, "image_id", image_id)
        for batch in batches:
            with np.errstate(over="ignore"):
                stored = batch.astype(precision)
            broken = np.flatnonzero(~np.isfinite(stored).all(1))
            if len(broken):
                raise InputError(
                    f"features: image {image_id[done + broken[0]]} has values that are not finite in {precision} (largest "
                    f"{np.abs(batch[broken[0]]).max():g}); wanted finite: precision: float32, or other weights"
                )
            if matrix is None:
                matrix = hdf5.add_matrix(file, "feature", (len(image_id), batch.shape[1]), stored.dtype)
            matrix[done : done + len(stored)] = stored
            done += len(stored)
            progress.advance(len(stored))
        if matrix is None or done != len(image_id):
            raise RuntimeError(f"{path}: {done} rows came for {len(image_id)} images")
        shape = matrix.shape
    progress.finish()
    return shape


def read(path: str | os.PathLike, rows: np.ndarray | None = None) -> tuple[list[str], np.ndarray]:
    """Ids of all images, and the features [n, D] of the rows asked for (increasing numbers), or of all.

    Raises
    ------
    InputError
        When a feature is not finite: names the file and the image.
    """
    with hdf5.reading(path, "features") as file:
        image_id = hdf5.strings(file, "image_id")
        matrix = file["feature"]
        if rows is None:
            rows = np.arange(len(image_id))
        if len(matrix) != len(image_id):
            raise InputError(
                f"{path}: {len(matrix)} rows for {len(image_id)} image ids; delete it, the next run makes it again"
            )
        selected = np.empty((len(rows), matrix.shape[1]), matrix.dtype)
        step = max(1, (1 << 24) // max(matrix.shape[1], 1))
        for start in range(0, len(matrix), step):
            first, last = np.searchsorted(rows, (start, start + step))
            if first < last:
                selected[first:last] = matrix[start : start + step][rows[first:last] - start]
    for start in range(0, len(selected), step):
        broken = np.flatnonzero(~np.isfinite(selected[start : start + step]).all(1))
        if len(broken):
            row = int(rows[start + broken[0]])
            raise InputError(f"{path}: row {row} (image {image_id[row]}) holds NaN or infinity; wanted finite features")
    return image_id, selected
