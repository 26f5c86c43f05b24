"""The images of the training part, or of the pool, with their names, their labels and the teachers' logits."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spml.artifacts import blocks, hdf5, labels, manifest
from spml.artifacts.codes import ObservedLabel
from spml.artifacts.labels import SPLITS


@dataclass
class LabelledRows:
    """Row-aligned: N images; matrices [N, L] are read where they are indexed."""

    image_id: list[str]
    file_name: list[str]  # as in the annotations
    path: list[str]  # to open
    category: list[str]
    split: np.ndarray | None  # uint8 [N]: 0 train, 1 val; None in the pool
    logits: blocks.Rows  # mean over the teachers
    observed: blocks.Rows  # ObservedLabel
    true: blocks.Rows  # TrueLabel
    observation: Mapping[str, Any]  # how labels were observed, as their file has it; empty for the pool
    left_out: str  # why a teacher is left out, empty where none is
    select: Callable[
        [np.ndarray], tuple[blocks.Rows, blocks.Rows, blocks.Rows]
    ]  # logits, observed and true of some rows

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of a split; all of them in the pool."""
        return (
            np.arange(len(self.image_id)) if self.split is None else np.flatnonzero(self.split == SPLITS.index(split))
        )

    def named_splits(self) -> list[str]:
        """Return the split of each image by name: train, val, or pool."""
        return ["pool"] * len(self.image_id) if self.split is None else [SPLITS[number] for number in self.split]


@contextlib.contextmanager
def opening(true: labels.MatrixFile, observed: str, images: str, logits: Sequence[str]) -> Iterator[LabelledRows]:
    """Yield the rows of a part, from the files of true labels, observed labels, the manifest and the teachers' logits.

    Of the pool nothing is observed: ``observed`` is empty.

    Raises
    ------
    InputError
        When a file has other images or categories.
    """
    with contextlib.ExitStack() as stack:
        observed_labels = stack.enter_context(labels.opening(observed, "observed")) if observed else None
        if observed_labels:
            observed_labels.require_same_as(true)
        listed = manifest.read(images)
        true.require_same_images(images, listed.image_id)
        teachers = [stack.enter_context(labels.opening(path, "logits")) for path in logits]
        for teacher in teachers:
            teacher.require_same_as(true)

        def select(rows: np.ndarray) -> tuple[blocks.Rows, blocks.Rows, blocks.Rows]:
            values = [teacher.select(rows) for teacher in teachers]
            known = true.select(rows)
            seen = observed_labels.select(rows) if observed_labels else blocks.Mapped(_unobserved, known)
            return blocks.Mapped(_mean, *values) if len(values) > 1 else values[0], seen, known

        every = select(np.arange(len(true.image_id)))
        reasons = [hdf5.attributes(teacher.dataset.file).get("left_out", "") for teacher in teachers]
        yield LabelledRows(
            image_id=true.image_id,
            file_name=listed.file_name,
            path=listed.path,
            category=true.category,
            split=true.split,
            logits=every[0],
            observed=every[1],
            true=every[2],
            observation=hdf5.attributes(observed_labels.dataset.file) if observed_labels else {},
            left_out=next((str(reason) for reason in reasons if reason), ""),
            select=select,
        )


def _unobserved(true: np.ndarray) -> np.ndarray:
    """Return observed labels of the shape of true ones [n, L], none of them observed."""
    return np.full(true.shape, ObservedLabel.UNOBSERVED, np.int8)


def _mean(*logits: np.ndarray) -> np.ndarray:
    """Return the mean over teachers of logits [n, L]."""
    return np.mean(logits, axis=0)
