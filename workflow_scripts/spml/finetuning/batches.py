"""Batches of pictures and labels of some images, shuffled and augmented, or in order as they are.

Worker processes may prepare batches ahead. They change no result: the view of a picture follows from the seed, the epoch and
the image.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spml.artifacts.pictures import Pictures
from spml.finetuning.augmentation import View, augment, unchanged
from spml.losses.training_loss import in_single_precision
from spml.runtime.errors import InputError
from spml.training import seeds

ROWS_IN_ORDER = 4096  # rows of a block of labels


class PictureBatch(NamedTuple):
    """One batch of an epoch, a whole one but for the last.

    ``rows`` int64 [B] are row numbers of the source; ``pictures`` uint8 [B, 3, S, S], channels last in memory; ``labels``
    [B, L]; ``view`` tells what was done to the pictures.
    """

    rows: Tensor
    pictures: Tensor
    labels: Tensor
    view: View


class PictureBatches:
    """Pictures [N, S, S, 3] in their shards and labels [N, L] (int8, or a floating type for targets), held in memory."""

    def __init__(
        self,
        pictures: Pictures,
        rows: np.ndarray,
        labels: np.ndarray,
        augment: Sequence[str] = (),
        workers: int = 0,
        device: str = "cpu",
    ) -> None:
        """Take pictures with the row numbers ``rows`` [N], which belong to ``labels`` [N, L].

        ``augment`` names changes to training pictures (spml.finetuning.named). ``workers`` is the number of processes that
        prepare batches, 0 for this one. Batches come on ``device``.
        """
        self._reader = _Reader(pictures, rows, tuple(augment))
        self._labels = torch.from_numpy(labels).to(device)
        self._workers, self._device, self._pin_memory = workers, device, device.startswith("cuda")

    def __len__(self) -> int:
        return len(self._labels)

    def labels(self) -> Iterator[Tensor]:
        """Yield the labels of all rows in order, in blocks [n, L]."""
        yield from map(in_single_precision, self._labels.split(ROWS_IN_ORDER))

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[PictureBatch]:
        """Yield all rows of one epoch in shuffled batches, their pictures augmented."""
        order = seeds.shuffle(len(self), seed, batch_size, epoch)
        yield from self._batches(order, batch_size, (seed, epoch))

    def in_order(self, batch_size: int) -> Iterator[PictureBatch]:
        """Yield all rows in order in batches, their pictures as they are."""
        yield from self._batches(np.arange(len(self)), batch_size, None)

    def _batches(self, order: np.ndarray, batch_size: int, random: tuple[int, int] | None) -> Iterator[PictureBatch]:
        groups = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        prepared = self._by_workers if self._workers and groups else self._by_itself
        for group, found in zip(groups, prepared([_Request(group, random) for group in groups]), strict=True):
            rows, pictures, box, flipped = (
                values.to(self._device, non_blocking=True)  # else it waits for all that the GPU has to do
                for values in (torch.from_numpy(group), found.pictures, *found.view)
            )
            yield PictureBatch(rows, pictures, in_single_precision(self._labels[rows]), View(box, flipped))

    def _by_itself(self, requests: Sequence["_Request"]) -> Iterator["_Prepared"]:
        """Yield the pictures of each request, prepared in this process."""
        for request, following in itertools.zip_longest(requests, requests[1:]):
            if following is not None:
                self._reader.prefetch(following)
            yield self._reader.prepare(request, pin_memory=self._pin_memory)

    def _by_workers(self, requests: Sequence["_Request"]) -> Iterator["_Prepared"]:
        """Yield the pictures of each request, prepared by worker processes that live as long as this iterator."""
        loader: DataLoader[_Prepared | InputError] = DataLoader(
            self._reader,
            batch_size=None,  # the reader makes whole batches
            sampler=requests,
            num_workers=min(self._workers, len(requests)),
            pin_memory=self._pin_memory,
            multiprocessing_context="fork",  # workers share the mapped files, and which rows were compared
            generator=torch.Generator(),  # a loader draws a number, which must not come from the global generator
        )
        for found in loader:
            if isinstance(found, InputError):
                raise found
            yield found


class _Request(NamedTuple):
    """The rows [B] of a batch, and seed and epoch of its augmentations; None for pictures as they are."""

    rows: np.ndarray
    random: tuple[int, int] | None


class _Prepared(NamedTuple):
    """The pictures of a batch, uint8 [B, 3, S, S], and their view."""

    pictures: Tensor
    view: View


class _Reader(Dataset):
    """What a worker knows: the pictures, which of them belong to the source, and their augmentations."""

    def __init__(self, pictures: Pictures, rows: np.ndarray, augment: tuple[str, ...]) -> None:
        self._pictures, self._rows, self._augment = pictures, rows, augment

    def __getitem__(self, request: _Request) -> _Prepared | InputError:
        """Return the batch of a request; an error in the user's files is returned, since a worker would add its traceback."""
        try:
            self.prefetch(request)
            return self.prepare(request)
        except InputError as error:
            return error

    def prefetch(self, request: _Request) -> None:
        self._pictures.prefetch(self._rows[request.rows])

    def prepare(self, request: _Request, pin_memory: bool = False) -> _Prepared:
        rows, size = self._rows[request.rows], self._pictures.size
        memory = torch.empty((len(rows), size, size, 3), dtype=torch.uint8, pin_memory=pin_memory)
        self._pictures.read(rows, memory.numpy())
        pictures = memory.permute(0, 3, 1, 2)
        if request.random is None or not self._augment:
            return _Prepared(pictures, unchanged(len(rows)))
        image_id = [self._pictures.image_id[row] for row in rows]
        return _Prepared(pictures, augment(pictures, image_id, self._augment, *request.random))
