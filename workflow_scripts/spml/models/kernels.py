"""The radial basis function (RBF) kernel on features of unit length, between images and landmarks, in NumPy.

u(x) = (x - mean) / |x - mean|, and k(x, z) = exp(-|u(x) - u(z)|² / width). A landmark is a training image; its u is kept.
"""

from typing import NamedTuple

import numpy as np

from spml.artifacts.features import Features
from spml.runtime.errors import InputError

ROWS = 4096  # read at a time
SAMPLE = 2048  # rows whose distances tell the width


class Landmarks(NamedTuple):
    """The images that a kernel compares with.

    ``mean`` float32 [D] is that of the features of the training rows, ``unit`` float32 [M, D] are the landmarks, centred
    and of unit length, and ``width`` float32 [1] divides squared distances.
    """

    mean: np.ndarray
    unit: np.ndarray
    width: np.ndarray


KERNEL = tuple(f"kernel.{name}" for name in Landmarks._fields)  # weights of a head of kind kernel alone


def unit_rows(features: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return centred features of unit length, float32 [N, D]; a row that equals the mean stays 0."""
    values = features.astype(np.float32)
    values -= mean
    length = np.sqrt(np.einsum("nd,nd->n", values, values))
    values /= np.maximum(length, np.finfo(np.float32).tiny)[:, None]
    return values


def kernel_matrix(features: np.ndarray, landmarks: Landmarks) -> np.ndarray:
    """Return the kernel between images with features [N, D] and the landmarks, float32 [N, M]."""
    values = unit_rows(features, landmarks.mean) @ landmarks.unit.T
    values -= 1
    values *= 2 / landmarks.width
    return np.exp(values, out=values)


def choose_landmarks(stored: Features, training: np.ndarray, chosen: np.ndarray) -> Landmarks:
    """Return the landmarks with these row numbers of a file of features, centred by the mean over the training rows.

    Raises
    ------
    InputError
        When most rows are equal.
    """
    total = np.zeros(stored.width)
    for start in range(0, len(training), ROWS):
        total += stored.read(training[start : start + ROWS]).astype(np.float64).sum(0)
    mean = (total / len(training)).astype(np.float32)
    unit = unit_rows(stored.read(chosen), mean)
    return Landmarks(mean, unit, choose_width(unit, stored.path))


def landmark_rows(count: int, limit: int, seed: int) -> np.ndarray:
    """Return which of ``count`` training rows are landmarks, increasing: all up to the limit, else as many by a draw."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.RandomState(seed % 2**32).permutation(count)[:limit])


def choose_width(unit: np.ndarray, path: str) -> np.ndarray:
    """Return the median squared distance between rows of unit length [M, D] of a file, float32 [1].

    Raises
    ------
    InputError
        When it is 0.
    """
    sample = unit[np.linspace(0, len(unit) - 1, min(len(unit), SAMPLE)).astype(int)].astype(np.float64)
    lengths = np.square(sample).sum(1)  # 1, or 0 for a row that equals the mean
    squared = (lengths[:, None] + lengths - 2 * sample @ sample.T)[np.triu_indices(len(sample), 1)]
    median = np.median(squared) if len(squared) else 0.0
    if median <= 1e-6:
        raise InputError(
            f"{path}: found a median squared distance of {median:g} between training rows, wanted rows that differ: "
            "check the features, or set kernel: linear"
        )
    return np.array([median], np.float32)
