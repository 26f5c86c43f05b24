"""Observation processes: which of the true labels are seen."""

from collections.abc import Mapping, Sequence

import numpy as np

from spml.artifacts.spreadsheet import restored
from spml.runtime.errors import InputError

NEAREST = 0.0005  # pixels: what a box at the very centre of its image counts as
LEAST = 1e-9  # of a row's largest weight: so that no positive is impossible


def observe_uniform(labels: np.ndarray, seed: int, positives: int = 1, negatives: int = 0) -> np.ndarray:
    """So many positives and negatives per row, each of the row's own equally likely.

    Parameters
    ----------
    labels : int [N, L]
        1 present, 0 absent, -1 unknown, which is never observed.
    seed : int
        Of the one ``RandomState`` that serves all rows.
    positives, negatives : int
        How many of each are observed, at most; rows that have fewer show all of them.

    Returns
    -------
    int8 [N, L]: 1 observed present, 0 unobserved, -1 observed absent. Rows without positives show none.

    Source: the published draw of Cole et al. 2021: per row, the indices of the positives are shuffled and the first
    is kept; then the negatives are shuffled too, even where none is kept: the stream depends on it.
    """
    random = np.random.RandomState(seed)
    observed = np.zeros(labels.shape, np.int8)
    for row, row_labels in zip(observed, labels, strict=True):
        present, absent = np.flatnonzero(row_labels == 1), np.flatnonzero(row_labels == 0)
        random.shuffle(present)
        random.shuffle(absent)
        row[present[:positives]] = 1
        row[absent[:negatives]] = -1
    return observed


def observe_weighted(
    labels: np.ndarray, weights: np.ndarray, seed: int, positives: int = 1, negatives: int = 0
) -> np.ndarray:
    """The same, each positive as likely as its weight [N, L] says, drawn one after the other without replacement.

    Negatives stay equally likely. A positive whose weight is 0 is drawn only when the others of its row are used up.

    Source: Arroyo 2023, "Understanding Label Bias in Single Positive Multi-Label Learning", for the processes; Efraimidis
    and Spirakis 2006 for the draw: the smallest of exponential times over weights.
    """
    random = np.random.RandomState(seed)
    present = labels == 1
    largest = np.where(present, weights, 0).max(1, keepdims=True)
    relative = np.where(largest > 0, weights / np.where(largest > 0, largest, 1), 1.0)
    times = random.standard_exponential(labels.shape)
    first = np.where(present, times / np.maximum(relative, LEAST), np.inf).argsort(1, kind="stable")[:, :positives]
    last = np.where(labels == 0, random.standard_exponential(labels.shape), np.inf).argsort(1, kind="stable")[
        :, :negatives
    ]
    observed = np.zeros(labels.shape, np.int8)
    np.put_along_axis(observed, last, -1, axis=1)
    observed[labels != 0] = 0  # where a row has fewer negatives than were asked for
    chosen = np.zeros(labels.shape, bool)
    np.put_along_axis(chosen, first, True, axis=1)
    observed[chosen & present] = 1
    return observed


def size_weight(width: float, height: float, box: Sequence[float], area: float) -> float:
    """What an annotation adds to the weight of its category in process ``size``: its area, in square pixels."""
    return area


def location_weight(width: float, height: float, box: Sequence[float], area: float) -> float:
    """In process ``location``: 1 / distance from the centre of the box (x, y, width, height) to that of the image, pixels."""
    x, y = box[0] + box[2] / 2 - width / 2, box[1] + box[3] / 2 - height / 2
    return 1.0 / (float(np.hypot(x, y)) or NEAREST)


WEIGHTS = {"size": size_weight, "location": location_weight}  # of one annotation, by process


def from_rows(
    path: str,
    rows: Sequence[Mapping[str, str]],
    image_id: Sequence[str],
    file_name: Sequence[str],
    category: Sequence[str],
) -> np.ndarray:
    """Labels observed in reality: int8 [N, L] from the rows of a table.

    Each row has ``image_id`` or ``file_name``, ``category``, and perhaps ``observed``: 1 (the default) or -1. Names may be
    escaped as in the pipeline's own tables (see spml.artifacts.spreadsheet).

    Raises
    ------
    InputError
        When a row names an unknown image or category, holds something else than 1 or -1, or contradicts another.
    """
    keys = [key for key in ("image_id", "file_name") if rows and key in rows[0]]
    if not keys or "category" not in rows[0]:
        found = ", ".join(rows[0]) if rows else "no row"
        raise InputError(
            f"{path}: found {found}, wanted rows with image_id or file_name, category, and perhaps observed"
        )
    names = image_id if keys[0] == "image_id" else file_name
    number = {name: row for row, name in enumerate(names)}
    column = {name: place for place, name in enumerate(category)}
    observed = np.zeros((len(image_id), len(category)), np.int8)
    for line, row in enumerate(rows, 2):  # the first is the header
        place = f"{path}: line {line}"
        image, named = row[keys[0]], row["category"]
        image = image if image in number else restored(image)
        named = named if named in column else restored(named)
        if image not in number:
            wanted = f"one of the {len(number):,} images of the training part"
            raise InputError(f"{place}, {keys[0]}: found {image!r}, wanted {wanted}")
        if named not in column:
            raise InputError(f"{place}, category: found {named!r}, wanted one of {', '.join(category)}")
        text = (row.get("observed") or "1").strip()
        if text not in ("1", "-1"):
            raise InputError(f"{place}, observed: found {text!r}, wanted 1 (present), -1 (absent) or nothing (present)")
        entry = number[image], column[named]
        if observed[entry] == -int(text):
            raise InputError(f"{place}: {image} has {named!r} as present and as absent; wanted one of them")
        observed[entry] = int(text)
    return observed


def require_enough(
    path: str, training: np.ndarray, taught: Sequence[str], validation: np.ndarray, selection_labels: str
) -> None:
    """Tell what lacks in the file that says what is known, before anything is extracted.

    Parameters
    ----------
    training : the true labels of the training rows, which the teachers ``taught`` learn from.
    validation : the labels of the validation rows that models are chosen on, ``full`` or ``observed``.

    Raises
    ------
    InputError
        When there is no positive among them.
    """
    if taught and not (training == 1).any():
        raise InputError(
            f"{path}: no true label of a training image is known, but teachers learn from them: {', '.join(taught)}; wanted null in "
            "their places in the config, as in teachers: {full: null}"
        )
    if not (validation == 1).any():
        kind, wanted = (
            ("true", "validation.labels: observed, or true labels")
            if selection_labels == "full"
            else ("observed", "one")
        )
        raise InputError(
            f"{path}: found no {kind} positive in the {len(validation):,} validation rows, on which models are chosen "
            f"(validation.labels: {selection_labels}); wanted {wanted}"
        )
