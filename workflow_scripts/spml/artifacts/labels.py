"""Label files: a matrix [N, L] with image ids and category names; rows by split."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import h5py
import numpy as np

from spml.artifacts import hdf5
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.artifacts.values import require_known
from spml.runtime.errors import InputError

SPLITS = ("train", "val", "test")  # a split's number in the data set `split` is its position


@dataclass
class Matrix:
    """The content of a file of labels or logits: values [N, L], row ids, column names, and the split of each row if known."""

    path: str
    image_id: list[str]
    category: list[str]
    values: np.ndarray
    split: np.ndarray | None

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of a split, int64 [n]; all rows where the file holds one split only."""
        if self.split is None:
            return np.arange(len(self.image_id))
        return np.flatnonzero(self.split == SPLITS.index(split))

    def ids(self, split: str) -> list[str]:
        """Return the image ids of a split, in the order of its rows."""
        return [self.image_id[row] for row in self.rows(split)]

    def require_images_of(self, true: "Matrix", split: str) -> None:
        """Raise InputError unless this file has the images of a split of the true labels, in the same order."""
        name = "training" if split == "train" else split
        self.require_same_images(f"{true.path} ({name} rows)", true.ids(split))

    def require_same_images(self, path: str, image_id: Sequence[str]) -> None:
        """Raise InputError unless the other file has the same images in the same order."""
        hdf5.require_same("image_id", self.path, self.image_id, path, image_id)

    def require_same_as(self, other: "Matrix") -> None:
        """Raise InputError unless both have the same images and categories in the same order."""
        self.require_same_images(other.path, other.image_id)
        hdf5.require_same("category", self.path, self.category, other.path, other.category)


DATASETS = {  # kind of file to the name of its matrix
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
    path: str, kind: str, image_id: Sequence[str], category: Sequence[str], shape: tuple[int, int], dtype: type
) -> Iterator[h5py.Dataset]:
    """Yield a matrix [N, L] of that kind to write rows to; it is in place once the block ends without an error."""
    with hdf5.creating(path, kind) as file:
        hdf5.add_strings(file, "image_id", image_id)
        hdf5.add_strings(file, "category", category)
        yield hdf5.add_matrix(file, DATASETS[kind], shape, dtype)


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
    name = TARGET if kind == "pseudo_labels" and values.dtype.kind == "f" else DATASETS[kind]
    matrices = {name: values} | ({} if split is None else {"split": split})
    hdf5.write(path, kind, matrices, {"image_id": image_id, "category": category}, **attributes)


def read(path: str, kind: str) -> Matrix:
    """Read a matrix of that kind; raise InputError where the file holds none, or its parts disagree."""
    with hdf5.reading(path, kind) as file:
        image_id, category = hdf5.strings(file, "image_id"), hdf5.strings(file, "category")
        name = TARGET if kind == "pseudo_labels" and TARGET in file else DATASETS[kind]
        types = "f" if name in FLOATS else "iu"
        values = hdf5.dataset(file, name, (len(image_id), len(category)), types)[:]
        split = hdf5.dataset(file, "split", (len(image_id),), "u")[:] if "split" in file else None
    require_known(str(path), kind, values, 0, hdf5.advice(path, kind))
    if split is not None and (split > SPLITS.index("val")).any():
        raise InputError(f"{path}: split holds {split.max()}, wanted 0 (train) or 1 (val); {hdf5.advice(path, kind)}")
    if len(set(image_id)) < len(image_id) or len(set(category)) < len(category):
        raise InputError(f"{path}: an image_id or a category stands there twice; {hdf5.advice(path, kind)}")
    return Matrix(str(path), image_id, category, values, split)


def selection_labels(true: Matrix, observed: Matrix | None) -> np.ndarray:
    """Return the labels that models are selected on, int8 [N, L] for the training part.

    These are the true labels. With ``observed``, observed positives are present and all other labels absent.
    """
    if observed is None:
        return true.values
    observed.require_same_as(true)
    return (observed.values == ObservedLabel.PRESENT).astype(np.int8)


def positives_per_image(values: np.ndarray, axis: int | None = None) -> np.ndarray | float:
    """Return the mean number of positives per image, over the known labels of [N, L]; [L] per category with axis 0.

    NaN where no label is known.
    """
    known = (values != TrueLabel.UNKNOWN).sum(axis) / (values.shape[1] if axis is None else 1)
    with np.errstate(invalid="ignore"):
        return np.divide((values == TrueLabel.PRESENT).sum(axis), known)


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
