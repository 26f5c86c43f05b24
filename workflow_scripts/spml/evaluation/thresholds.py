"""Thresholds of probability with the highest F1, chosen on validation."""

import numpy as np

from spml.artifacts.codes import TrueLabel
from spml.evaluation.average_precision import ends_of_ties
from spml.evaluation.confusion import Confusion

WITHOUT_POSITIVES = 0.5


def best_threshold(probability: np.ndarray, true: np.ndarray) -> float:
    """Return the threshold with the highest F1 over all entries, half-way between two probabilities.

    Entries above it are present. The highest threshold is taken among equals, and 0.5 without positives.

    Parameters
    ----------
    probability : float [...]
    true : int [...]
        Codes of ``TrueLabel``, each of them known.
    """
    order = np.argsort(-probability, axis=None, kind="stable")
    ranked, hits = probability.reshape(-1)[order], np.cumsum(true.reshape(-1)[order] == TrueLabel.PRESENT)
    if not len(hits) or not hits[-1]:
        return WITHOUT_POSITIVES
    last = ends_of_ties(ranked)
    best = int(np.argmax(Confusion(hits[last], last + 1, hits[-1]).f1))
    below = ranked[last[best] + 1] if last[best] + 1 < len(ranked) else 0.0
    return float((ranked[last[best]] + below) / 2)


def by_category(probability: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the best threshold of each category, float64 [L], and the best one for all categories together.

    A category without positives gets the threshold of all.

    Parameters
    ----------
    probability : float [N, L]
    true : int [N, L]
        Codes of ``TrueLabel``, for the validation rows.
    """
    known = true != TrueLabel.UNKNOWN
    overall = best_threshold(probability[known], true[known])
    chosen = np.full(probability.shape[1], overall)
    for column in np.flatnonzero((true == TrueLabel.PRESENT).any(axis=0)):
        rows = known[:, column]
        chosen[column] = best_threshold(probability[rows, column], true[rows, column])
    return chosen, overall
