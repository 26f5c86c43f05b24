"""The draw of observed labels from the true ones, and labels observed in reality."""

from collections.abc import Sequence

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.artifacts.spreadsheet import Row, restored
from spml.runtime.errors import InputError

NEAREST = 0.0005  # pixels: the distance of a box at the very centre of its image
LEAST = 1e-9  # the smallest weight relative to the largest of its row, so that no positive is impossible


class UniformDraw:
    """The draw of some positives and negatives per row, each of its positives (negatives) equally likely.

    One stream of random numbers serves all rows, so that they must be passed in order, once each, in blocks of any size.

    Source: the published draw of Cole et al. 2021: per row, the indices of the positives are shuffled and the first
    is kept; then the negatives are shuffled too, even where none is kept: the stream depends on it.
    """

    def __init__(self, seed: int, positives_per_image: int = 1, negatives_per_image: int = 0) -> None:
        """Start a draw.

        Parameters
        ----------
        seed : int
        positives_per_image, negatives_per_image : int
            The number of observed labels of each kind, at most; rows that have fewer show all of them.
        """
        self._random = np.random.RandomState(seed)
        self._positives, self._negatives = positives_per_image, negatives_per_image

    def observe(self, labels: np.ndarray) -> np.ndarray:
        """Return observed labels int8 [n, L] (``ObservedLabel``) of the next rows; rows without positives show none.

        ``labels`` are true labels [n, L] (``TrueLabel``); an unknown one is never observed.
        """
        observed = np.zeros(labels.shape, np.int8)
        for row, is_present, is_absent in zip(
            observed, labels == TrueLabel.PRESENT, labels == TrueLabel.ABSENT, strict=True
        ):
            present, absent = np.flatnonzero(is_present), np.flatnonzero(is_absent)
            self._random.shuffle(present)
            self._random.shuffle(absent)
            row[present[: self._positives]] = ObservedLabel.PRESENT.value
            row[absent[: self._negatives]] = ObservedLabel.ABSENT.value
        return observed


class WeightedDraw:
    """A draw as ``UniformDraw``, but of positives in proportion to their weights, one after the other without replacement.

    Negatives stay equally likely. A positive of weight 0 is drawn only after all others of its row.

    Source: Arroyo 2023, "Understanding Label Bias in Single Positive Multi-Label Learning", for the weights by
    size and location; Efraimidis and Spirakis 2006 for the draw: the smallest of exponential times over weights.
    """

    def __init__(
        self, shape: tuple[int, int], seed: int, positives_per_image: int = 1, negatives_per_image: int = 0
    ) -> None:
        """Start a draw for a matrix of this shape (N, L); other arguments as of ``UniformDraw``."""
        self._random = np.random.RandomState(seed)
        self._positives, self._negatives = positives_per_image, negatives_per_image
        if negatives_per_image:  # in one stream, the times of the negatives follow those of the positives of all rows
            self._random_of_negatives = np.random.RandomState(seed)
            for rows in blocks.row_blocks(shape):
                self._random_of_negatives.standard_exponential((rows.stop - rows.start, shape[1]))

    def observe(self, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return observed labels int8 [n, L] of the next rows, from their true labels and weights [n, L]."""
        present, absent = labels == TrueLabel.PRESENT, labels == TrueLabel.ABSENT
        largest = np.where(present, weights, 0).max(1, keepdims=True)
        relative = np.where(largest > 0, weights / np.where(largest > 0, largest, 1), 1.0)
        times = self._random.standard_exponential(labels.shape)
        observed = np.zeros(labels.shape, np.int8)
        if self._negatives:
            order = _first(absent, self._random_of_negatives.standard_exponential(labels.shape))
            np.put_along_axis(observed, order[:, : self._negatives], ObservedLabel.ABSENT, axis=1)
            observed[~absent] = ObservedLabel.UNOBSERVED  # in rows with fewer negatives than are drawn
        order = _first(present, times / np.maximum(relative, LEAST))
        chosen = np.zeros(labels.shape, bool)
        np.put_along_axis(chosen, order[:, : self._positives], True, axis=1)
        observed[chosen & present] = ObservedLabel.PRESENT
        return observed


def _first(candidates: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the columns of each row [n, L] by time, the candidates before all others, int64 [n, L]."""
    return np.where(candidates, times, np.inf).argsort(1, kind="stable")


def size_weight(width: float, height: float, box: Sequence[float], area: float) -> float:
    """Return the weight of an annotation by size: its area, in square pixels."""
    return area


def location_weight(width: float, height: float, box: Sequence[float], area: float) -> float:
    """Return the weight of an annotation by location: 1 / distance from the centre of its box to that of the image, in 1 / pixels.

    ``width`` and ``height`` of the image and ``box`` (x, y, width, height) are in pixels.
    """
    x, y = box[0] + box[2] / 2 - width / 2, box[1] + box[3] / 2 - height / 2
    return 1.0 / (float(np.hypot(x, y)) or NEAREST)


WEIGHTS = {"size": size_weight, "location": location_weight}  # sampling to the weight of one annotation


def from_rows(
    path: str,
    rows: Sequence[Row],
    image_id: Sequence[str],
    file_name: Sequence[str],
    category: Sequence[str],
) -> np.ndarray:
    """Return labels observed in reality, int8 [N, L] (``ObservedLabel``), from the rows of a table.

    Each row has ``image_id`` or ``file_name``, ``category``, and perhaps ``observed``: 1 (the default) or -1. Names may be
    escaped as in tables for people (spml.artifacts.spreadsheet).

    Raises
    ------
    InputError
        When a row names an unknown image or category, holds a value other than 1 and -1, or contradicts another.
    """
    keys = [key for key in ("image_id", "file_name") if rows and key in rows[0]]
    if not keys or "category" not in rows[0]:
        columns = ", ".join(rows[0]) if rows else "no row"
        raise InputError(
            f"{path}: found {columns}, wanted rows with image_id or file_name, category, and perhaps observed"
        )
    names = image_id if keys[0] == "image_id" else file_name
    row_of = {name: number for number, name in enumerate(names)}
    column_of = {name: number for number, name in enumerate(category)}
    observed = np.zeros((len(image_id), len(category)), np.int8)
    for row in rows:
        position = f"{path}: line {row.line}"
        image, name = row[keys[0]], row["category"]
        image = image if image in row_of else restored(image)
        name = name if name in column_of else restored(name)
        if image not in row_of:
            wanted = f"one of the {len(row_of):,} images of the training part"
            raise InputError(f"{position}, {keys[0]}: found {image!r}, wanted {wanted}")
        if name not in column_of:
            raise InputError(f"{position}, category: found {name!r}, wanted one of {', '.join(category)}")
        text = (row.get("observed") or "1").strip()
        if text not in ("1", "-1"):
            raise InputError(
                f"{position}, observed: found {text!r}, wanted 1 (present), -1 (absent) or nothing (present)"
            )
        entry = row_of[image], column_of[name]
        if observed[entry] == -int(text):
            raise InputError(f"{position}: {image} has {name!r} as present and as absent; wanted one of them")
        observed[entry] = int(text)
    return observed
