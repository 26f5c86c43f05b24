"""Thresholds per category, chosen on validation."""

import numpy as np

from spml.evaluation.metrics import best_threshold


def by_category(probability: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """The threshold of the highest F1 of each category, float64 [L], and the one for all together.

    ``probability`` and ``labels`` are [N, L] of the validation rows, labels 1 where present, -1 where unknown. Present is what
    lies above. A category without positives there has the threshold of all.
    """
    known = labels >= 0
    overall = best_threshold(probability[known], labels[known])
    chosen = np.full(probability.shape[1], overall)
    for column in np.flatnonzero((labels == 1).any(axis=0)):
        rows = known[:, column]
        chosen[column] = best_threshold(probability[rows, column], labels[rows, column])
    return chosen, overall
