"""Matrices in HDF5 files."""

import contextlib
from collections.abc import Iterator

import h5py
import numpy as np

from spml.features.matrices import source as sources
from spml.runtime.errors import InputError

MAGIC = b"\x89HDF\r\n\x1a\n"


def opened(source: sources.Source, stack: contextlib.ExitStack) -> sources.Opened:
    """Return a data set of an HDF5 file, which the stack closes; raise InputError where it has no such matrix or ids."""
    try:
        file = stack.enter_context(h5py.File(source.path, "r", locking=False))
    except OSError as error:
        raise InputError(f"{source.path}: not a readable HDF5 file ({error}); wanted {sources.WANTED}") from error
    names = [name for name in file if isinstance(file.get(name), h5py.Dataset)]
    matrices = [name for name in names if file[name].ndim == 2]
    name = source.column or next((name for name in sources.FEATURES if name in names), "")
    name = name or (matrices[0] if len(matrices) == 1 else sources.FEATURES[0])
    matrix = file.get(name)
    if not isinstance(matrix, h5py.Dataset):
        raise InputError(
            f"{source.path}: found no data set {name!r}, but {sources.some(names)}; wanted the name of the features there, as column"
        )
    sources.require_matrix(source.path, matrix, name)
    id_name = source.id_column or next((name for name in sources.IDS if name in names), "")
    ids = (lambda: _ids(source.path, file, id_name, names)) if id_name else None
    return sources.Opened(matrix.shape, matrix.dtype, lambda rows: _blocks(matrix, rows), ids)


def _ids(path: str, file: h5py.File, name: str, names: list[str]) -> list[str]:
    """Return a data set of text or whole numbers as text."""
    values = file.get(name)
    is_text = isinstance(values, h5py.Dataset) and h5py.check_string_dtype(values.dtype) is not None
    if not isinstance(values, h5py.Dataset) or values.ndim != 1 or not (is_text or values.dtype.kind in "iu"):
        raise InputError(
            f"{path}: found no data set {name!r} of text or whole numbers, but {sources.some(names)}; wanted the name of the ids "
            "there, as id_column"
        )
    try:
        return list(values.asstr()[:]) if is_text else [str(value) for value in values[:].tolist()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: {name} is no text in UTF-8 ({error}); wanted ids of images") from error


def _blocks(matrix: h5py.Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows in blocks; HDF5 reads rows that lie together at once, and others only in rising order."""
    for block in sources.row_blocks(rows, matrix.shape[1] * matrix.dtype.itemsize):
        first, last = int(block.min()), int(block.max())
        if last - first < 4 * len(block):
            yield matrix[first : last + 1][block - first]
        else:
            rising, back = np.unique(block, return_inverse=True)
            yield matrix[rising][back]
