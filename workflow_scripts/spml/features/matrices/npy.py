"""npy files: matrices that are mapped to memory, and ids."""

from collections.abc import Iterator

import numpy as np

from spml.features.matrices import source as sources
from spml.runtime.errors import InputError

MAGIC = b"\x93NUMPY"


def opened(source: sources.Source) -> sources.Opened:
    """Return the matrix of an npy file; raise InputError where it holds something else."""
    sources.without_columns(source, "an npy file")
    matrix = sources.require_matrix(source.path, mapped(source.path, sources.WANTED))
    return sources.Opened(matrix.shape, matrix.dtype, lambda rows: _blocks(matrix, rows))


def mapped(path: str, wanted: str) -> np.ndarray:
    """Return an npy file, mapped to memory; raise InputError where it is damaged or holds Python objects."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if "object" in str(error).lower():
            raise InputError(
                f"{path}: holds Python objects, which only pickle reads, and pickle may run any program; wanted {wanted}: save it "
                "again with .astype('float32'), or .astype(str)"
            ) from None
        raise InputError(f"{path}: not a readable npy file ({error}); wanted {wanted}") from error


def _blocks(matrix: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of an array that is mapped to memory, in blocks."""
    for block in sources.row_blocks(rows, matrix.shape[1] * matrix.dtype.itemsize):
        yield matrix[block]


def read_ids(path: str) -> list[str]:
    """Return the ids of an npy file of text or whole numbers, or of a text file with one on each line.

    Raises
    ------
    InputError
        When it holds something else: names it.
    """
    wanted = "ids of images: an npy file of text, or a text file with one on each line"
    if sources.head(path, wanted).startswith(MAGIC):
        values = mapped(path, wanted)
        if values.ndim != 1 or values.dtype.kind not in "USiu":
            raise InputError(f"{path}: found {values.dtype} of shape {values.shape}; wanted {wanted}")
        return [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]
    try:
        with open(path, encoding="utf-8-sig") as file:
            return [line.strip() for line in file.read().rstrip("\n").split("\n")]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error}); wanted {wanted}") from error
