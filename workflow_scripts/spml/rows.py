"""Row sources: where training takes its batches from."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from spml import streams

BLOCK = 4096  # rows read in order at a time
GATHERED = 256  # rows of an epoch gathered at a time: few calls, and they stay in the cache


class Rows:
    """Features [N, D] and their labels [N, L], held in memory: a source of one block.

    Training asks for nothing but ``len``, ``shuffled``, ``blocks`` and ``labels`` (int8, or float32 for targets).
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, device: str = "cpu") -> None:
        self._features = torch.from_numpy(features).to(device)
        self._labels = torch.from_numpy(labels).to(device)

    def __len__(self) -> int:
        return len(self._features)

    @property
    def widths(self) -> tuple[int, int]:
        """The number of features and of categories, (D, L)."""
        return self._features.shape[1], self._labels.shape[1]

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """One epoch, shuffled: row numbers [n], float32 features [n, D] and labels [n, L] of some batches at a time.

        They are cut into batches in order; each piece holds whole batches but for the last. The features may be written
        over, and are by the next piece: a new allocation of that size costs more than the copy.
        """
        order = torch.from_numpy(streams.shuffle(len(self), seed, batch_size, epoch)).to(self._features.device)
        gathered = max(1, GATHERED // batch_size) * batch_size
        memory = torch.empty((min(gathered, len(self)), self._features.shape[1]), device=self._features.device)
        for rows in order.split(gathered):
            features = memory[: len(rows)].copy_(self._features[rows])
            yield rows, features, self._labels[rows]

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows in order: float32 features [B, D] and labels [B, L]."""
        yield from zip(
            (block.float() for block in self._features.split(BLOCK)),
            self._labels.split(BLOCK),
            strict=True,
        )

    def labels(self) -> Iterator[Tensor]:
        """The labels of all rows in order, in blocks [B, L]."""
        yield from self._labels.split(BLOCK)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature, float32 [D]; 1 in place of a deviation of 0."""
        total: Tensor | float = 0.0
        squares: Tensor | float = 0.0
        for features, _ in self.blocks():
            total = total + features.double().sum(0)
            squares = squares + features.double().square().sum(0)
        mean = torch.as_tensor(total) / len(self)
        variance = (torch.as_tensor(squares) / len(self) - mean.square()).clamp_min(0)
        deviation = variance.sqrt()
        deviation[deviation <= 1e-6 * mean.abs()] = 1.0  # constant, up to rounding
        return mean.float(), deviation.float()
