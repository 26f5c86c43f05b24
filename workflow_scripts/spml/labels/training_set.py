"""The training rows of a data set with their names, their labels and the teachers' logits."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spml.artifacts import blocks, labels, manifest
from spml.artifacts.codes import ObservedLabel


@dataclass
class TrainingRows:
    """Row-aligned: n images; matrices [n, L] are read where they are indexed."""

    image_id: list[str]
    file_name: list[str]  # as in the annotations
    path: list[str]  # to open
    category: list[str]
    logits: blocks.Rows  # mean over the teachers
    observed: blocks.Rows  # ObservedLabel
    true: blocks.Rows  # TrueLabel


@contextlib.contextmanager
def opening(
    true: labels.MatrixFile, observed: str, images: str, logits: Sequence[str], split: str = "train"
) -> Iterator[TrainingRows]:
    """Yield the training rows, from the files of true labels, observed labels, the manifest and the teachers' logits.

    With split ``pool`` they are those of the pool, of which nothing is observed: ``observed`` is empty.

    Raises
    ------
    InputError
        When a file has other images or categories.
    """
    with contextlib.ExitStack() as stack:
        rows = true.rows(split)
        observed_rows: blocks.Rows = blocks.Mapped(_unobserved, true.select(rows))
        if observed:
            observed_labels = stack.enter_context(labels.opening(observed, "observed"))
            observed_labels.require_same_as(true)
            observed_rows = observed_labels.select(rows)
        listed = manifest.read(images)
        true.require_same_images(images, listed.image_id)
        values = stack.enter_context(mean_logits(true, split, logits))
        yield TrainingRows(
            image_id=true.ids(split),
            file_name=[listed.file_name[row] for row in rows],
            path=[listed.path[row] for row in rows],
            category=true.category,
            logits=values,
            observed=observed_rows,
            true=true.select(rows),
        )


def _unobserved(true: np.ndarray) -> np.ndarray:
    """Return observed labels of the shape of true ones [n, L], none of them observed."""
    return np.full(true.shape, ObservedLabel.UNOBSERVED, np.int8)


@contextlib.contextmanager
def mean_logits(true: labels.MatrixFile, split: str, paths: Sequence[str]) -> Iterator[blocks.Rows]:
    """Yield the mean over teachers of their logits [n, L] on a split; raise InputError where a file has other images or categories."""
    with contextlib.ExitStack() as stack:
        teachers = [stack.enter_context(labels.opening(path, "logits")) for path in paths]
        for teacher in teachers:
            teacher.require_images_of(true, split)
        values = [teacher.values for teacher in teachers]
        yield blocks.Mapped(_mean, *values) if len(values) > 1 else values[0]


def _mean(*logits: np.ndarray) -> np.ndarray:
    """Return the mean over teachers of logits [n, L]."""
    return np.mean(logits, axis=0)
