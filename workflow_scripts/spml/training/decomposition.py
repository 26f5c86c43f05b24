"""The eigenvectors of the features of the training rows, from which every ridge regression on them follows.

The features X [N, M] are centred. Their Gram matrix XᵀX has eigenvalues Λ and eigenvectors V. The regression on targets T
with penalty λ has the coefficients V (VᵀXᵀT / (Λ + λ)), so that V and Λ serve all targets and penalties.

With a kernel, X holds the kernel between rows and landmarks, and the penalty of coefficients W is λ tr(WᵀKW), K the kernel
between landmarks (Nyström's method; exact where every row is a landmark). With K = LLᵀ, the features X L⁻ᵀ have the plain
penalty λ‖W‖², and their eigenvectors are multiplied by L⁻ᵀ once.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement

import numpy as np
import torch
from torch import Tensor

from spml.artifacts.decompositions import Decomposition
from spml.artifacts.features import Features
from spml.models.kernels import Landmarks
from spml.runtime.log import Progress

ROWS = 4096  # rows of a block; its products are in float32, their sums over blocks in float64
TILE = 512  # columns of a part of the Gram matrix
SMALLEST = 1e-9  # share of the largest eigenvalue below which a direction is rounding error
RIDGE = 1e-6  # added to the diagonal of the kernel between landmarks, where equal images make it singular


class Rows:
    """The features of some rows of a file, read in blocks as often as needed."""

    def __init__(self, stored: Features, rows: np.ndarray, block: int = ROWS) -> None:
        self._stored, self._rows, self._block = stored, rows, block

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def width(self) -> int:
        """The number of features."""
        return self._stored.width

    def blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield which rows come, and their features float32 [n, M]."""
        for start in range(0, len(self._rows), self._block):
            part = slice(start, min(start + self._block, len(self._rows)))
            yield part, torch.from_numpy(self._stored.read(self._rows[part])).float()


def decompose(rows: Rows, landmarks: Landmarks | None, threads: int = 1) -> Decomposition:
    """Return mean, eigenvalues and directions of the features, or kernel values, of the training rows.

    ``threads`` share the work; they change no bit of the result. Memory does not grow with the rows.
    """
    mean = column_mean(rows)
    if landmarks is None and len(rows) < rows.width:
        return _from_outer_products(rows, mean)
    gram = _gram(rows, mean, threads)
    if landmarks is None:
        values, vectors = torch.linalg.eigh(gram)
        return _decomposition(mean, values, vectors, gram.diagonal().sum() / rows.width)
    factor = torch.linalg.cholesky(_between_landmarks(landmarks))
    half = torch.linalg.solve_triangular(factor, gram, upper=False)  # L⁻¹ G
    whole = torch.linalg.solve_triangular(factor, half.T, upper=False)  # L⁻¹ G L⁻ᵀ
    whole = (whole + whole.T) / 2
    values, vectors = torch.linalg.eigh(whole)
    directions = torch.linalg.solve_triangular(factor.T, vectors, upper=True)
    return _decomposition(mean, values, directions, whole.diagonal().sum() / rows.width)


def column_mean(rows: Rows) -> Tensor:
    """Return the mean of each feature, float64 [M]."""
    total = torch.zeros(rows.width, dtype=torch.float64)
    for _, features in rows.blocks():
        total += features.double().sum(0)
    return total / len(rows)


def _between_landmarks(landmarks: Landmarks) -> Tensor:
    """Return the kernel between landmarks, float64 [M, M], with a little more on its diagonal."""
    unit = torch.from_numpy(landmarks.unit).double()
    kernel = ((unit @ unit.T - 1) * (2 / float(landmarks.width[0]))).exp_()
    kernel.diagonal().add_(RIDGE)
    return kernel


def _gram(rows: Rows, mean: Tensor, threads: int) -> Tensor:
    """Return the Gram matrix of the centred features, float64 [M, M].

    A tile is summed block after block by one thread at a time, so that the order of additions is the same for any number
    of threads.
    """
    gram = torch.zeros(rows.width, rows.width, dtype=torch.float64)
    slices = [slice(start, start + TILE) for start in range(0, rows.width, TILE)]
    tiles = list(combinations_with_replacement(slices, 2))
    progress = Progress("Gram matrix", len(rows), "rows")

    def add(tile: tuple[slice, slice]) -> None:
        left, right = tile
        gram[left, right] += centred[left] @ centred[right].T

    with ThreadPoolExecutor(threads) as pool:
        for part, features in rows.blocks():
            centred = (features - mean.float()).T.contiguous()
            for _ in pool.map(add, tiles):
                pass
            progress.advance(part.stop - part.start)
    progress.finish()
    return gram.triu() + gram.triu(1).T


def _from_outer_products(rows: Rows, mean: Tensor) -> Decomposition:
    """Return the same for fewer rows than features, from XXᵀ = UΛUᵀ: the directions are XᵀU / √Λ."""
    features = torch.cat([block for _, block in rows.blocks()]).double() - mean
    outer = features @ features.T
    values, vectors = torch.linalg.eigh(outer)
    kept = values > SMALLEST * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    return _decomposition(mean, values, features.T @ (vectors / values.sqrt()), outer.diagonal().sum() / rows.width)


def _decomposition(mean: Tensor, values: Tensor, directions: Tensor, mean_eigenvalue: Tensor) -> Decomposition:
    """Return the parts, largest eigenvalue first; each direction has its largest entry above 0."""
    values, directions = values.flip(0).clamp_min(0), directions.flip(1)
    largest = directions.abs().argmax(0, keepdim=True)
    directions = directions * directions.gather(0, largest).sign()
    return Decomposition(mean.numpy(), values.numpy(), directions.contiguous().numpy(), float(mean_eigenvalue))
