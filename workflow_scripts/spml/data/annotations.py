"""What a user or a data set says of the images of one part: COCO JSON, or a table as CSV, read into the same matrices."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spml.artifacts.labels import UNKNOWN
from spml.data import coco, csv_table
from spml.runtime.errors import InputError


@dataclass
class Annotations:
    """The images of a part that count, rows sorted by id as text, and the true labels that are known."""

    image_id: list[str]
    file_name: list[str]  # from the folder of the pictures on
    category: list[str]
    label: np.ndarray  # int8 [N, L]: 1 present, 0 absent, -1 unknown
    listed: int  # images in the file, those that do not count included
    split: np.ndarray | None = None  # uint8 [N]: 0 train, 1 val, where the file says so

    def of(self, path: str, image_id: Sequence[str]) -> "Annotations":
        """The rows of these images, in this order; ``path`` is the list that names them.

        Raises
        ------
        InputError
            When there is no row of an image.
        """
        number = {name: row for row, name in enumerate(self.image_id)}
        if missing := [name for name in image_id if name not in number]:
            raise InputError(
                f"{path}: found image {missing[0]!r}, which the annotations do not have; delete it, the next run makes it again"
            )
        rows = [number[name] for name in image_id]
        split = None if self.split is None else self.split[rows]
        names = [self.file_name[row] for row in rows]
        return Annotations(list(image_id), names, self.category, self.label[rows], self.listed, split)


def read(path: str | os.PathLike, category: Sequence[str] | None = None, every: bool = False) -> Annotations:
    """The annotations of a file: a table if its name ends in .csv, else COCO JSON.

    ``category`` are the categories of a table, in order (of COCO JSON those of the file hold); by default all that it names.
    ``every``: images of COCO JSON count also without an annotation.

    Raises
    ------
    InputError
        When the file is not what it should be: names the entry or line, what was found and what is wanted.
    """
    if str(path).lower().endswith(".csv"):
        table = csv_table.read(str(path), category)
        return Annotations(table.path, table.path, table.category, table.label, len(table.path), table.split)
    dataset = coco.load(path)
    counted = coco.listed_images(dataset, every)
    image_id = [image for image, _ in counted]
    labels = coco.label_matrix(dataset, image_id).astype(np.int8)
    names = [name for _, name in counted]
    return Annotations(image_id, names, coco.category_names(dataset), labels, len(dataset.imgs))


def none(category: Sequence[str]) -> Annotations:
    """Those of a part that a data set does not have."""
    return Annotations([], [], list(category), np.full((0, len(category)), UNKNOWN, np.int8), 0)
