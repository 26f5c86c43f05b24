"""Thresholds of probability with the highest F1, chosen on validation."""

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.evaluation.confusion import Confusion
from spml.evaluation.ranking import highest_below, rank

WITHOUT_POSITIVES = 0.5


def best_threshold(probability: blocks.Rows, true: blocks.Rows) -> float:
    """Return the threshold with the highest F1 over all known entries, half-way between two probabilities.

    Entries above it are present. The highest threshold is taken among equals, and 0.5 without positives. F1 only rises
    where a positive is reached, so that the probabilities of positives alone are candidates.

    Parameters
    ----------
    probability : float [N, L] or [N]
    true : int [N, L] or [N]
        Codes of ``TrueLabel``; unknown entries are left out.
    """
    ranking = rank(probability, true)
    if not len(ranking.score):
        return WITHOUT_POSITIVES
    best = ranking.score[int(np.argmax(Confusion(ranking.hits, ranking.entries, ranking.hits[-1]).f1))]
    return float((best + highest_below(probability, true, best)) / 2)


def by_category(probability: blocks.Rows, true: blocks.Rows) -> tuple[np.ndarray, float]:
    """Return the best threshold of each category, float64 [L], and the best one for all categories together.

    A category without positives gets the threshold of all.

    Parameters
    ----------
    probability : float [N, L]
    true : int [N, L]
        Codes of ``TrueLabel``, for the validation rows.
    """
    overall = best_threshold(probability, true)
    chosen = np.full(probability.shape[1], overall)
    for columns in blocks.column_blocks(probability.shape, parts=8):  # float64, and as much again to compute it
        column_probability, column_true = probability[:, columns], true[:, columns]
        for column in np.flatnonzero((column_true == TrueLabel.PRESENT).any(axis=0)):
            chosen[columns.start + column] = best_threshold(column_probability[:, column], column_true[:, column])
    return chosen, overall
