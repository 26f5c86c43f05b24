"""What matrices of features tell before any work: mistakes that would end a run later."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from spml.data import csv_table
from spml.features import rows
from spml.features.matrices import reading
from spml.features.matrices.source import Matrix, Source
from spml.runtime.errors import InputError

CHECKED_BYTES = (
    2_000_000_000  # of a matrix that is read whole for values that are not finite; the job checks larger ones
)


class Part(NamedTuple):
    """The features of a part: a backbone, where its matrix lies, how it is stored, and the user's table that its rows follow."""

    backbone: str
    source: Source
    storage: str
    order: str
    table: str


def find(parts: Mapping[str, Part]) -> Iterator[str]:
    """Yield a line for each matrix that cannot be used; ``parts`` are by the key of the configuration that names them."""
    widths: dict[str, tuple[str, int]] = {}
    for part in parts.values():
        try:
            with reading.opening(part.source) as matrix:
                _require_rows(part, matrix)
                if matrix.shape[0] * matrix.shape[1] * matrix.dtype.itemsize <= CHECKED_BYTES:
                    _require_finite(part, matrix)
                path, width = widths.setdefault(part.backbone, (matrix.path, matrix.shape[1]))
                if matrix.shape[1] != width:
                    yield (
                        f"{matrix.path}: found {matrix.shape[1]:,} features, {path} has {width:,}; wanted the same in all parts of "
                        f"backbone {part.backbone}"
                    )
        except InputError as error:
            yield str(error)


def _require_rows(part: Part, matrix: Matrix) -> None:
    """Raise InputError where the images of the user's table are not the rows of the matrix."""
    if not part.table:
        return
    if matrix.ids is None:
        images = csv_table.in_order(part.table)
        rows.by_order(matrix.path, matrix.shape[0], part.order, images, images, part.table)
    else:
        images = csv_table.images(part.table)
        rows.by_ids(part.source.ids or matrix.path, matrix.ids, images, images)


def _require_finite(part: Part, matrix: Matrix) -> None:
    """Raise InputError at the first value that is not finite as it is stored."""
    start = 0
    for block in matrix.read(np.arange(matrix.shape[0])):
        with np.errstate(over="ignore"):
            stored = block.astype(part.storage or ("float16" if matrix.dtype == "float16" else "float32"))
        for row in np.flatnonzero(~np.isfinite(stored).all(1)):
            column = int(np.flatnonzero(~np.isfinite(stored[row]))[0])
            raise InputError(
                f"{matrix.path}: row {start + row}, feature {column}: found {block[row, column]}, wanted finite numbers (as "
                f"{stored.dtype})"
            )
        start += len(block)
