"""The training rows of a data set with their names, their labels and the teachers' logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spml.artifacts import labels, manifest


@dataclass
class TrainingRows:
    """Row-aligned: N images; matrices are [N, L]."""

    image_id: list[str]
    file_name: list[str]  # as in the annotations
    path: list[str]  # to open
    category: list[str]
    logits: np.ndarray  # mean over the teachers
    observed: np.ndarray  # ObservedLabel
    true: np.ndarray  # TrueLabel


def read(true: labels.Matrix, observed: str, images: str, logits: Sequence[str]) -> TrainingRows:
    """Return the training rows, from the files of true labels, observed labels, the manifest and the teachers' logits.

    Raises
    ------
    InputError
        When a file has other images or categories.
    """
    observed_labels = labels.read(observed, "observed")
    observed_labels.require_same_as(true)
    listed = manifest.read(images)
    true.require_same_images(images, listed.image_id)
    teachers = [labels.read(path, "logits") for path in logits]
    for teacher in teachers:
        teacher.require_images_of(true, "train")
    mean = np.mean([teacher.values for teacher in teachers], axis=0) if len(teachers) > 1 else teachers[0].values
    rows = true.rows("train")
    return TrainingRows(
        image_id=true.ids("train"),
        file_name=[listed.file_name[row] for row in rows],
        path=[listed.path[row] for row in rows],
        category=true.category,
        logits=mean,
        observed=observed_labels.values[rows],
        true=true.values[rows],
    )
