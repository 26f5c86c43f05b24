"""Files of ridge regression: the landmarks of a kernel, and the eigenvectors of the features of the training rows."""

import os
from dataclasses import dataclass

import numpy as np

from spml.artifacts import hdf5
from spml.runtime.errors import InputError


@dataclass(frozen=True)
class Decomposition:
    """The eigenvectors of the features [N, M] of the training rows.

    Attributes
    ----------
    mean
        float64 [M], that of each feature.
    eigenvalues
        float64 [R], of the Gram matrix of the centred features, the largest first.
    directions
        float64 [M, R]. The centred features times these have orthogonal columns, whose squared lengths are the
        eigenvalues.
    mean_eigenvalue
        The trace of the Gram matrix, divided by M: the unit of a penalty.
    """

    mean: np.ndarray
    eigenvalues: np.ndarray
    directions: np.ndarray
    mean_eigenvalue: float


def write(path: str | os.PathLike, decomposition: Decomposition) -> None:
    """Write a decomposition."""
    with hdf5.creating(path, "decomposition", mean_eigenvalue=decomposition.mean_eigenvalue) as file:
        for name in ("mean", "eigenvalues", "directions"):
            file.create_dataset(name, data=getattr(decomposition, name))


def read(path: str | os.PathLike) -> Decomposition:
    """Read a decomposition; raise InputError where the file holds none, or a value is not finite."""
    with hdf5.reading(path, "decomposition") as file:
        eigenvalues = hdf5.dataset(file, "eigenvalues", (None,), "f")[:]
        directions = hdf5.dataset(file, "directions", (None, len(eigenvalues)), "f")[:]
        mean = hdf5.dataset(file, "mean", (len(directions),), "f")[:]
        unit = float(hdf5.attributes(file).get("mean_eigenvalue", np.nan))
    if not all(np.isfinite(values).all() for values in (eigenvalues, directions, mean, unit)):
        raise InputError(f"{path}: found values that are not finite; {hdf5.advice(path, 'decomposition')}")
    return Decomposition(mean, eigenvalues, directions, unit)


def write_landmarks(path: str | os.PathLike, mean: np.ndarray, unit: np.ndarray, width: np.ndarray) -> None:
    """Write the landmarks of a kernel, as in spml.models.kernels.Landmarks."""
    with hdf5.creating(path, "landmarks") as file:
        for name, values in (("mean", mean), ("unit", unit), ("width", width)):
            file.create_dataset(name, data=values)


def read_landmarks(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean [D], landmarks [M, D] and width [1] of a kernel, float32; raise InputError where the file has none."""
    with hdf5.reading(path, "landmarks") as file:
        unit = hdf5.dataset(file, "unit", (None, None), "f")[:]
        mean = hdf5.dataset(file, "mean", (unit.shape[1],), "f")[:]
        width = hdf5.dataset(file, "width", (1,), "f")[:]
    if not all(np.isfinite(values).all() for values in (unit, mean, width)):
        raise InputError(f"{path}: found values that are not finite; {hdf5.advice(path, 'landmarks')}")
    return mean, unit, width
