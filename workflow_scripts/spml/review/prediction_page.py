"""The data of the page of predictions, which is a gallery of one set of labels: nothing observed, no truth known."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.artifacts.predictions import Prediction

ROWS = 2000  # at a time


def blocks(
    predictions: Sequence[Prediction], category: Sequence[str]
) -> Iterator[tuple[np.ndarray, list[np.ndarray], np.ndarray, np.ndarray]]:
    """Yield blocks of rows as ``gallery.Contents.add`` takes them: probabilities, labels, observed and true labels [n, L].

    ``predictions`` are of pictures that could be read.
    """
    column = {name: number for number, name in enumerate(category)}
    for start in range(0, len(predictions), ROWS):
        part = predictions[start : start + ROWS]
        probability = np.array([row.probability for row in part])
        predicted = np.full(probability.shape, PseudoLabel.ABSENT, np.int8)
        for number, row in enumerate(part):
            predicted[number, [column[name] for name in row.labels]] = PseudoLabel.PRESENT
        observed = np.full(probability.shape, ObservedLabel.UNOBSERVED, np.int8)
        yield probability, [predicted], observed, np.full(probability.shape, TrueLabel.UNKNOWN, np.int8)


def unread(predictions: Iterable[Prediction], left_out: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return file and reason of all that has no prediction: pictures that could not be read, then files that were left out."""
    return [*((row.image, row.problem) for row in predictions if row.problem), *left_out]
