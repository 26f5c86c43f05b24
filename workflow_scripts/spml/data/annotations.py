"""The annotations of the images of one part: COCO JSON, what was read of it, or a table as CSV, as the same matrices."""

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spml.artifacts import hdf5, labels
from spml.artifacts.codes import TrueLabel
from spml.artifacts.entries import Entries, joined, of_matrix
from spml.data import coco, csv_table
from spml.runtime.errors import InputError

SHOWN = 5  # categories in a message


@dataclass
class Annotations:
    """The images of a part that count, rows sorted by id as text, and the true labels that are known."""

    path: str  # the file of the user, or of a reader, that messages name
    image_id: list[str]
    file_name: list[str]  # from the folder of the pictures on
    category: list[str]
    label: Entries  # [N, L], TrueLabel
    unannotated: list[str]  # file names of the images that do not count, since they have no annotation
    split: np.ndarray | None = None  # uint8 [N]: 0 train, 1 val, where the file has a split
    line_of: dict[str, int] = field(default_factory=dict)  # category to the line of a table that names it first

    def select(self, path: str, image_id: Sequence[str]) -> "Annotations":
        """Return the rows of these images, in this order; ``path`` is the list that names them.

        Raises
        ------
        InputError
            When an image has no row.
        """
        row_of = {name: row for row, name in enumerate(self.image_id)}
        if missing := [name for name in image_id if name not in row_of]:
            raise InputError(
                f"{path}: found image {missing[0]!r}, which the annotations do not have; delete it, the next run makes it again"
            )
        rows = [row_of[name] for name in image_id]
        if rows == list(range(len(self.image_id))):
            return self  # no copy of the labels
        split = None if self.split is None else self.split[rows]
        names = [self.file_name[row] for row in rows]
        return Annotations(
            self.path,
            list(image_id),
            names,
            self.category,
            self.label.take(rows),
            self.unannotated,
            split,
            self.line_of,
        )


def read(
    path: str | os.PathLike, category: Sequence[str] | None = None, unannotated_count: bool = False
) -> Annotations:
    """Return the annotations of a file: a table if its name ends in .csv, what ``write`` wrote if in .h5, else COCO JSON.

    ``category`` names the categories of a table, in order; by default all that the table names. COCO JSON lists its own.
    ``unannotated_count``: images of COCO JSON count also without an annotation.

    Raises
    ------
    InputError
        When the file is not as expected: names the entry or line, what was found and what is wanted.
    """
    path = str(path)
    if path.lower().endswith(".csv"):
        table = csv_table.read(path, category)
        return Annotations(path, table.path, table.path, table.category, table.label, [], table.split, table.line_of)
    every = _stored(path) if path.endswith(".h5") else of_coco(path)
    return every if unannotated_count else _annotated(every)


def of_coco(path: str) -> Annotations:
    """Return the annotations of all images of COCO JSON; errors as ``read``."""
    with coco.without_collection():
        dataset = coco.load(path)
        images = coco.listed_images(dataset)
        image_id, file_name = [image for image, _ in images], [name for _, name in images]
        return Annotations(
            path, image_id, file_name, coco.category_names(dataset), coco.true_labels(dataset, image_id), []
        )


def _annotated(every: Annotations) -> Annotations:
    """Return the annotations of the images that have some, from those of all images."""
    rows = every.label.rows_with(TrueLabel.PRESENT)
    annotated = every.select(every.path, [every.image_id[row] for row in rows])
    counted = set(annotated.image_id)
    pairs = zip(every.image_id, every.file_name, strict=True)
    return dataclasses.replace(annotated, unannotated=sorted(name for image, name in pairs if image not in counted))


def write(path: str, annotated: Annotations) -> None:
    """Write the annotations of all images of COCO JSON, which is then read once."""
    ids, category, label = annotated.image_id, annotated.category, annotated.label
    with labels.creating(path, "annotations", ids, category, label.shape, np.int8, source=annotated.path) as matrix:
        hdf5.add_strings(matrix.file, "file_name", annotated.file_name)
        for rows in labels.row_blocks(matrix):
            matrix[rows] = label[rows]


def _stored(path: str) -> Annotations:
    """Return what ``write`` wrote."""
    with labels.opening(path, "annotations") as stored:
        file = stored.dataset.file
        file_name = hdf5.strings(file, "file_name")
        label = joined(
            [of_matrix(stored.values[rows]) for rows in labels.row_blocks(stored.dataset)], len(stored.category)
        )
        return Annotations(str(file.attrs["source"]), stored.image_id, file_name, stored.category, label, [])


def require_same_categories(path: str, category: Sequence[str], other: str, others: Sequence[str]) -> None:
    """Raise InputError unless two files of annotations have the same categories in the same order; ``path`` is the first."""
    if list(category) == list(others):
        return
    missing, added = (
        [name for name in one if name not in set(two)] for one, two in ((category, others), (others, category))
    )
    parts = [f"without {_some(missing)}"] * bool(missing) + [f"with {_some(added)} besides"] * bool(added)
    raise InputError(
        f"{other}: found the categories of {path} {' and '.join(parts) or 'in another order'}; wanted the same ones in the same "
        "order in both"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def none(category: Sequence[str]) -> Annotations:
    """Return the annotations of a part that the data set does not have: no image."""
    return Annotations("", [], [], list(category), joined([], len(category)), [])
