"""What a user or a data set says of the images of one part: COCO JSON, or a table as CSV, read into the same matrices."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spml import coco, image_table
from spml.labels import UNKNOWN


@dataclass
class Annotations:
    """The images of a part that count, rows sorted by id as text, and the true labels that are known."""

    image_id: list[str]
    file_name: list[str]  # from the folder of the pictures on
    category: list[str]
    label: np.ndarray  # int8 [N, L]: 1 present, 0 absent, -1 unknown
    split: np.ndarray | None = None  # uint8 [N]: 0 train, 1 val, where the file says so


def is_table(path: str | os.PathLike) -> bool:
    """Whether annotations are a table, by the name of their file."""
    return str(path).lower().endswith(".csv")


def read(path: str | os.PathLike, category: Sequence[str] | None = None, every: bool = False) -> Annotations:
    """The annotations of a file.

    ``category`` are the categories of a table, in order (of COCO JSON those of the file hold); by default all that it names.
    ``every``: images of COCO JSON count also without an annotation.

    Raises
    ------
    InputError
        When the file is not what it should be: names the entry or line, what was found and what is wanted.
    """
    if is_table(path):
        table = image_table.read(str(path), category)
        return Annotations(table.path, table.path, table.category, table.label, table.split)
    dataset = coco.load(path)
    listed = coco.listed_images(dataset, every)
    image_id = [image for image, _ in listed]
    labels = coco.label_matrix(dataset, image_id).astype(np.int8)
    return Annotations(image_id, [name for _, name in listed], coco.category_names(dataset), labels)


def none(category: Sequence[str]) -> Annotations:
    """Those of a part that a data set does not have."""
    return Annotations([], [], list(category), np.full((0, len(category)), UNKNOWN, np.int8))
