"""Label files: a matrix [N, L] with image ids and category names; rows by split."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import h5py
import numpy as np

from spml.artifacts import blocks, hdf5
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.artifacts.values import require_known
from spml.runtime.errors import InputError

SPLITS = ("train", "val", "test")  # a split's number in the data set `split` is its position


class Named:
    """What names the rows and columns of a file of labels or logits: ids, categories, and the split of each row if known."""

    path: str
    image_id: list[str]
    category: list[str]
    split: np.ndarray | None

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of a split, int64 [n]; all rows where the file holds one split only."""
        if self.split is None:
            return np.arange(len(self.image_id))
        return np.flatnonzero(self.split == SPLITS.index(split))

    def ids(self, split: str) -> list[str]:
        """Return the image ids of a split, in the order of its rows."""
        return [self.image_id[row] for row in self.rows(split)]

    def require_images_of(self, true: "Named", split: str) -> None:
        """Raise InputError unless this file has the images of a split and the categories of the true labels, in the same order."""
        name = "training" if split == "train" else split
        self.require_same_images(f"{true.path} ({name} rows)", true.ids(split))
        hdf5.require_same("category", self.path, self.category, true.path, true.category)

    def require_same_images(self, path: str, image_id: Sequence[str]) -> None:
        """Raise InputError unless the other file has the same images in the same order."""
        hdf5.require_same("image_id", self.path, self.image_id, path, image_id)

    def require_same_as(self, other: "Named") -> None:
        """Raise InputError unless both have the same images and categories in the same order."""
        self.require_same_images(other.path, other.image_id)
        hdf5.require_same("category", self.path, self.category, other.path, other.category)


@dataclass
class Matrix(Named):
    """The content of a file of labels or logits: values [N, L], row ids, column names, and the split of each row if known."""

    path: str
    image_id: list[str]
    category: list[str]
    values: np.ndarray
    split: np.ndarray | None

    def select(self, rows: np.ndarray) -> np.ndarray:
        """Return rows by number, [n, L]."""
        return self.values[rows]


@dataclass
class MatrixFile(Named):
    """An open file of labels or logits, as ``Matrix``, but that its values [N, L] stay in the file."""

    path: str
    image_id: list[str]
    category: list[str]
    dataset: h5py.Dataset
    split: np.ndarray | None
    kind: str

    def select(self, rows: np.ndarray) -> "Selection":
        """Return rows by increasing number [n] as a matrix [n, L] that is read where it is indexed."""
        return Selection(self, rows)

    @property
    def values(self) -> "Selection":
        """All rows, as a matrix [N, L] that is read where it is indexed."""
        return self.select(np.arange(len(self.image_id)))


class Selection:
    """Rows of a matrix in an open file, by increasing number; a ``blocks.Rows`` [n, L]. Values are checked as they are read."""

    def __init__(self, file: MatrixFile, rows: np.ndarray) -> None:
        self._file, self._dataset, self._rows = file, file.dataset, rows
        self.dtype = file.dataset.dtype

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._rows), self._dataset.shape[1]

    def __getitem__(self, key: slice | tuple[slice, slice], /) -> np.ndarray:
        """Read a slice of rows, or all rows and a slice of columns."""
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        numbers = self._rows[rows]
        first, last, _ = columns.indices(self.shape[1])
        values = np.empty((len(numbers), last - first), self.dtype)
        step = blocks.rows_of_block(self._dataset.shape)
        start = 0
        while start < len(numbers):
            begin = int(numbers[start])
            end = int(np.searchsorted(numbers, begin + step))
            span = self._dataset[begin : int(numbers[end - 1]) + 1, columns]
            path, kind = self._file.path, self._file.kind
            require_known(path, kind, span, (begin, first), hdf5.advice(path, kind))
            values[start:end] = span if len(span) == end - start else span[numbers[start:end] - begin]
            start = end
        return values


DATASETS = {  # kind of file to the name of its matrix
    "annotations": "label",
    "labels": "label",
    "observed": "observed",
    "observation_weights": "weight",
    "pseudo_labels": "label",
    "logits": "logit",
}
FLOATS = ("target", "weight", "logit")  # matrices of numbers; the others hold codes
TARGET = "target"  # name of the matrix, in place of "label", where pseudo-labels are probabilities


@contextlib.contextmanager
def creating(
    path: str,
    kind: str,
    image_id: Sequence[str],
    category: Sequence[str],
    shape: tuple[int, ...],
    dtype: type | np.dtype,
    split: np.ndarray | None = None,
    **attributes: object,
) -> Iterator[h5py.Dataset]:
    """Yield a matrix [N, L] of that kind to write rows to (``row_blocks``); it is in place once the block ends without an error."""
    with hdf5.creating(path, kind, **attributes) as file:
        hdf5.add_strings(file, "image_id", image_id)
        hdf5.add_strings(file, "category", category)
        name = TARGET if kind == "pseudo_labels" and np.dtype(dtype).kind == "f" else DATASETS[kind]
        yield hdf5.add_matrix(file, name, shape, dtype)
        if split is not None:
            hdf5.add_matrix(file, "split", split.shape, split.dtype)[...] = split


def row_blocks(matrix: h5py.Dataset) -> Iterator[slice]:
    """Yield slices of rows to write a matrix by: whole chunks, so that each is compressed once, and alike for any size."""
    yield from blocks.row_blocks(matrix.shape, matrix.chunks[0] if matrix.chunks else 1)


def write(
    path: str,
    kind: str,
    image_id: Sequence[str],
    category: Sequence[str],
    values: np.ndarray,
    split: np.ndarray | None = None,
    **attributes: object,
) -> None:
    """Write a matrix [N, L] of that kind."""
    with creating(path, kind, image_id, category, values.shape, values.dtype, split, **attributes) as matrix:
        matrix[...] = values


@contextlib.contextmanager
def opening(path: str, kind: str) -> Iterator[MatrixFile]:
    """Yield a matrix of that kind without its values; raise InputError where the file holds none, or its parts disagree."""
    with hdf5.reading(path, kind) as file:
        image_id, category = hdf5.strings(file, "image_id"), hdf5.strings(file, "category")
        name = TARGET if kind == "pseudo_labels" and TARGET in file else DATASETS[kind]
        types = "f" if name in FLOATS else "iu"
        dataset = hdf5.dataset(file, name, (len(image_id), len(category)), types)
        split = hdf5.dataset(file, "split", (len(image_id),), "u")[:] if "split" in file else None
        if split is not None and (split > SPLITS.index("val")).any():
            raise InputError(
                f"{path}: split holds {split.max()}, wanted 0 (train) or 1 (val); {hdf5.advice(path, kind)}"
            )
        if len(set(image_id)) < len(image_id) or len(set(category)) < len(category):
            raise InputError(f"{path}: an image_id or a category stands there twice; {hdf5.advice(path, kind)}")
        yield MatrixFile(str(path), image_id, category, dataset, split, kind)


def read(path: str, kind: str) -> Matrix:
    """Read a matrix of that kind, values included; errors as ``opening``."""
    with opening(path, kind) as file:
        return Matrix(file.path, file.image_id, file.category, file.values[:], file.split)


def selection_labels(true: Matrix | MatrixFile, observed: Matrix | MatrixFile | None) -> blocks.Rows:
    """Return the labels of the validation rows that models are selected on, int8 [n, L].

    These are the true labels. With ``observed``, observed positives are present and all other labels absent.
    """
    rows = true.rows("val")
    if observed is None:
        return true.select(rows)
    observed.require_same_as(true)
    return blocks.Mapped(lambda values: (values == ObservedLabel.PRESENT).astype(np.int8), observed.select(rows))


def count(values: blocks.Rows, code: int) -> np.ndarray:
    """Return how many rows of [N, L] have a code, int64 [L] per category."""
    counts = np.zeros(values.shape[1], np.int64)
    for rows in blocks.row_blocks(values.shape):
        counts += (values[rows] == code).sum(0)
    return counts


def positives_per_image(values: blocks.Rows, axis: int | None = None) -> np.ndarray | float:
    """Return the mean number of positives per image, over the known labels of [N, L]; [L] per category with axis 0.

    NaN where no label is known.
    """
    known, positive = values.shape[0] - count(values, TrueLabel.UNKNOWN), count(values, TrueLabel.PRESENT)
    with np.errstate(invalid="ignore"):
        if axis is None:
            return np.divide(positive.sum(), known.sum() / values.shape[1])
        return np.divide(positive, known)


def by_category(key: str, values: Mapping[str, float], category: Sequence[str], default: float | None) -> np.ndarray:
    """Return a number per category, float64 [L], from a section of the config, named by its ``key`` in messages.

    Raises
    ------
    InputError
        When the section names an unknown category, or lacks one and there is no default.
    """
    if unknown := sorted(set(values) - set(category)):
        raise InputError(f"{key}: found {unknown[0]!r}, wanted one of {', '.join(category)}")
    missing = [name for name in category if name not in values]
    if missing and default is None:
        raise InputError(f"{key}: found nothing for {', '.join(missing)}, wanted a number for each category")
    return np.array([values.get(name, default) for name in category], np.float64)
