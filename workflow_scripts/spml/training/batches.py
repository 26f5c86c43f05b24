"""Row sources: where training takes its batches from, the features in memory or streamed from their file."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from spml.artifacts.features import Features
from spml.training import seeds

BLOCK = 4096  # rows read in order at a time
GATHERED = 256  # rows of an epoch gathered at a time: few calls, and they stay in the cache

Piece = tuple[Tensor, Tensor, Tensor]
Item = TypeVar("Item")
Result = TypeVar("Result")


class Rows:
    """Features [N, D] and their labels [N, L] (int8, or float32 for targets), held in memory.

    Training asks for nothing but ``len``, ``widths``, ``shuffled``, ``blocks``, ``labels`` and ``moments``.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, device: str = "cpu") -> None:
        self._features = torch.from_numpy(features).to(device)
        self._labels = torch.from_numpy(labels).to(device)

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def widths(self) -> tuple[int, int]:
        """The number of features and of categories, (D, L)."""
        return self._features.shape[1], self._labels.shape[1]

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[Piece]:
        """One epoch, shuffled: row numbers [n], float32 features [n, D] and labels [n, L] of some batches at a time.

        They are cut into batches in order; each piece holds whole batches but for the last. The features may be written
        over, and are by the next piece: a new allocation of that size costs more than the copy.
        """
        order = torch.from_numpy(seeds.shuffle(len(self), seed, batch_size, epoch)).to(self._labels.device)
        yield from self._pieces(self._features, order, order, batch_size)

    def _pieces(self, features: Tensor, places: Tensor, rows: Tensor, batch_size: int) -> Iterator[Piece]:
        """Whole batches of the rows at these places of ``features``; their numbers are ``rows``."""
        gathered = max(1, GATHERED // batch_size) * batch_size
        memory = torch.empty((min(gathered, len(rows)), features.shape[1]), device=self._labels.device)
        for place, numbers in zip(places.split(gathered), rows.split(gathered), strict=True):
            yield numbers, memory[: len(numbers)].copy_(features[place]), self._labels[numbers]

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows in order: float32 features [n, D] and labels [n, L]."""
        yield from zip(
            (block.float() for block in self._features.split(BLOCK)),
            self._labels.split(BLOCK),
            strict=True,
        )

    def labels(self) -> Iterator[Tensor]:
        """The labels of all rows in order, in blocks [n, L]."""
        yield from self._labels.split(BLOCK)

    def mean_std(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature, float32 [D]; 1 in place of a std of 0."""
        total: Tensor | float = 0.0
        squares: Tensor | float = 0.0
        for features, _ in self.blocks():
            total = total + features.double().sum(0)
            squares = squares + features.double().square().sum(0)
        mean = torch.as_tensor(total) / len(self)
        variance = (torch.as_tensor(squares) / len(self) - mean.square()).clamp_min(0)
        std = variance.sqrt()
        std[std <= 1e-6 * mean.abs()] = 1.0  # constant, up to rounding
        return mean.float(), std.float()


class StreamedRows(Rows):
    """Features that stay in their file but for ``memory_mb``, and their labels, held in memory.

    An epoch reads runs of neighbouring rows in random order, as many at a time as half of the memory holds, and
    shuffles these; the next ones are read meanwhile into the other half.
    """

    def __init__(
        self, features: Features, rows: np.ndarray, labels: np.ndarray, memory_mb: int, device: str = "cpu"
    ) -> None:
        """``rows`` are the increasing numbers [N] of the file's rows that belong to ``labels`` [N, L]."""
        self._file, self._rows = features, rows
        self._labels = torch.from_numpy(labels).to(device)
        self._room = (memory_mb << 20) // (2 * features.width * features.dtype.itemsize)  # rows in half of the memory

    @property
    def widths(self) -> tuple[int, int]:
        return self._file.width, self._labels.shape[1]

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[Piece]:
        """As in memory, but for the order: random runs of neighbours, shuffled as many at a time as the memory holds."""
        run = self._file.block
        starts = np.searchsorted(self._rows, np.arange(self._rows[0], self._rows[-1] + 1, run))
        runs = np.split(np.arange(len(self._rows)), starts[1:])
        runs = [runs[number] for number in seeds.shuffle(len(runs), seed, batch_size, epoch)]
        groups = list(_groups(runs, max(self._room, run, batch_size)))
        halves = [torch.empty((0, self._file.width)) for _ in range(2)]

        def load(number: int) -> tuple[np.ndarray, Tensor]:
            members = np.concatenate(groups[number])
            half = number % 2
            if len(halves[half]) < batch_size + len(members):
                halves[half] = torch.from_numpy(
                    np.empty((batch_size + len(members), self._file.width), self._file.dtype)
                )
            start = batch_size  # room in front for what the last group leaves over
            for one in groups[number]:
                self._file.read(self._rows[one], halves[half][start : start + len(one)].numpy())
                start += len(one)
            return members, halves[half]

        left, left_features = np.empty(0, np.int64), torch.empty((0, self._file.width))
        for number, (members, half) in enumerate(_ahead(load, range(len(groups)))):
            half[batch_size - len(left) : batch_size] = left_features
            numbers = np.concatenate([left, members])
            features = half[batch_size - len(left) : batch_size + len(members)]
            places = seeds.shuffle(len(members), seed, batch_size, epoch, number) + len(left)
            places = np.concatenate([np.arange(len(left)), places])
            whole = len(places) if number == len(groups) - 1 else len(places) // batch_size * batch_size
            rows = torch.from_numpy(numbers[places]).to(self._labels.device)
            if whole:
                yield from self._pieces(features, torch.from_numpy(places[:whole]), rows[:whole], batch_size)
            left, left_features = numbers[places[whole:]], features[torch.from_numpy(places[whole:])]

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows in order: float32 features [n, D] and labels [n, L]."""
        size = max(1, min(BLOCK, self._room))

        def load(start: int) -> Tensor:
            return torch.from_numpy(self._file.read(self._rows[start : start + size]))

        for features, labels in zip(_ahead(load, range(0, len(self), size)), self._labels.split(size), strict=True):
            yield features.to(labels.device).float(), labels


def row_source(
    features: Features, rows: np.ndarray, labels: np.ndarray, memory_mb: int | None, device: str = "cpu"
) -> Rows:
    """Rows of the file with their labels: streamed where the whole file is larger than ``memory_mb``, else in memory."""
    size = len(features.image_id) * features.width * features.dtype.itemsize
    if memory_mb is None or size <= memory_mb << 20:
        return Rows(features.read(rows), labels, device)
    print(f"{features.path}: {size >> 20:,} MB, of which {memory_mb:,} MB at a time in memory")
    return StreamedRows(features, rows, labels, memory_mb, device)


def _groups(runs: Iterable[np.ndarray], room: int) -> Iterator[list[np.ndarray]]:
    """Runs together, up to ``room`` rows."""
    group: list[np.ndarray] = []
    rows = 0
    for run in runs:
        if group and rows + len(run) > room:
            yield group
            group, rows = [], 0
        group.append(run)
        rows += len(run)
    yield group


def _ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The function of each item in order, computed in a thread one item ahead."""
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for item in items:
            ready, waiting = waiting, pool.submit(function, item)
            if ready is not None:
                yield ready.result()
        if waiting is not None:
            yield waiting.result()
