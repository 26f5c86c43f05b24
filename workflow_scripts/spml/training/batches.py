"""Batch sources: the features and labels of some images, in shuffled batches or in order.

Features are held in memory or mapped from their file. Both give the same batches in the same order.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from spml.artifacts.features import Features
from spml.losses.training_loss import in_single_precision
from spml.training import seeds

ROWS_IN_ORDER = 4096  # rows of a block when all rows are read in order
ROWS_SHUFFLED = 256  # shuffled rows gathered at a time: few calls, and they stay in the processor's cache


class Batches(NamedTuple):
    """Some batches of an epoch, one after the other: whole ones, but for the last of the epoch.

    ``rows`` [n] are row numbers of the source, ``features`` [n, D] float32 and ``labels`` [n, L].
    """

    rows: Tensor
    features: Tensor
    labels: Tensor


class BatchSource:
    """Features [N, D] and labels [N, L] (int8, or a floating type for targets), held in memory."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, device: str = "cpu") -> None:
        self._features = torch.from_numpy(features).to(device)
        self._labels = torch.from_numpy(labels).to(device)

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def widths(self) -> tuple[int, int]:
        """The number of features and of categories, (D, L)."""
        return self._features.shape[1], self._labels.shape[1]

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[Batches]:
        """Yield all rows of one epoch in shuffled batches, several batches at a time.

        The caller may write to the features. The next item overwrites them: a new allocation of that size costs more
        than the copy.
        """
        order = torch.from_numpy(seeds.shuffle(len(self), seed, batch_size, epoch))
        together = max(1, ROWS_SHUFFLED // batch_size) * batch_size
        memory = torch.empty((min(together, len(order)), self.widths[0]), device=self._labels.device)
        groups = order.split(together)
        for rows, following in itertools.zip_longest(groups, groups[1:]):
            if following is not None:
                self._prefetch(following)
            features = memory[: len(rows)]
            self._gather(rows, features)
            rows = rows.to(self._labels.device)
            yield Batches(rows, features, in_single_precision(self._labels[rows]))

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all rows in order, in blocks: float32 features [n, D] and labels [n, L]."""
        for start, labels in zip(range(0, len(self), ROWS_IN_ORDER), self.labels(), strict=True):
            yield self._read(start, start + len(labels)).float(), labels

    def labels(self) -> Iterator[Tensor]:
        """Yield the labels of all rows in order, in blocks [n, L]."""
        yield from map(in_single_precision, self._labels.split(ROWS_IN_ORDER))

    def mean_std(self) -> tuple[Tensor, Tensor]:
        """Return the mean and standard deviation of each feature, float32 [D]; 1 in place of a std of 0."""
        total: Tensor | float = 0.0
        squares: Tensor | float = 0.0
        for features, _ in self.in_order():
            total = total + features.double().sum(0)
            squares = squares + features.double().square().sum(0)
        mean = torch.as_tensor(total) / len(self)
        variance = (torch.as_tensor(squares) / len(self) - mean.square()).clamp_min(0)
        std = variance.sqrt()
        std[std <= 1e-6 * mean.abs()] = 1.0  # constant, up to rounding
        return mean.float(), std.float()

    def _prefetch(self, rows: Tensor) -> None:
        """Prepare to gather rows [n] next."""

    def _gather(self, rows: Tensor, out: Tensor) -> None:
        """Write the features of rows [n], in any order, to ``out`` [n, D]."""
        out.copy_(self._features[rows.to(self._features.device)])

    def _read(self, start: int, stop: int) -> Tensor:
        """Return the features [n, D] of neighbouring rows, as they are stored."""
        return self._features[start:stop]


class MappedBatchSource(BatchSource):
    """Features that stay in their file, and their labels, held in memory."""

    def __init__(self, features: Features, rows: np.ndarray, labels: np.ndarray, device: str = "cpu") -> None:
        """Take rows of a file; ``rows`` are the increasing numbers [N] of those that belong to ``labels`` [N, L]."""
        self._file, self._rows = features, rows
        self._labels = torch.from_numpy(labels).to(device)

    @property
    def widths(self) -> tuple[int, int]:
        return self._file.width, self._labels.shape[1]

    def _prefetch(self, rows: Tensor) -> None:
        self._file.mapped.prefetch(self._rows[rows.numpy()])

    def _gather(self, rows: Tensor, out: Tensor) -> None:
        out.copy_(torch.from_numpy(self._file.mapped.read(self._rows[rows.numpy()])))

    def _read(self, start: int, stop: int) -> Tensor:
        return torch.from_numpy(self._file.read(self._rows[start:stop])).to(self._labels.device)


def open_batches(
    features: Features, rows: np.ndarray, labels: np.ndarray, memory_mb: int = 0, device: str = "cpu"
) -> BatchSource:
    """Return rows of the file with their labels: mapped where the file is larger than ``memory_mb``, else in memory.

    ``memory_mb`` of 0 means that all features are held in memory. It changes no result.
    """
    if not memory_mb or features.nbytes <= memory_mb << 20:
        return BatchSource(features.read(rows), labels, device)
    print(f"{features.path}: {features.nbytes >> 20:,} MB, more than {memory_mb:,} MB: read from the file as needed")
    return MappedBatchSource(features, rows, labels, device)
