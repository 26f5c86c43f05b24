"""Average precision per category and its mean, as scikit-learn defines it."""

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel


def average_precision(scores: blocks.Rows, labels: blocks.Rows) -> np.ndarray:
    """Return the average precision of each category: no interpolation, ties grouped.

    Parameters
    ----------
    scores : float [N, L]
        Higher means present; any strictly increasing transform gives the same result.
    labels : bool or int [N, L]
        Codes of ``TrueLabel``; unknown entries are left out.

    Returns
    -------
    float64 [L], in [0, 1]; NaN for a category without positives.

    Source: ``sklearn.metrics.average_precision_score``.
    """
    result = np.full(scores.shape[1], np.nan)
    for columns in blocks.column_blocks(scores.shape):
        result[columns] = _average_precision(scores[:, columns], labels[:, columns])
    return result


def _average_precision(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the average precision of each category of a block of columns [N, n], float64 [n]."""
    result = np.full(scores.shape[1], np.nan)
    unknown = np.any(labels == TrueLabel.UNKNOWN, axis=0)
    for category in range(scores.shape[1]):
        column, present = scores[:, category], labels[:, category]
        if unknown[category]:
            known = present != TrueLabel.UNKNOWN
            column, present = column[known], present[known]
        ranked, hits = _ranked(column, present == TrueLabel.PRESENT)
        if len(hits):
            keys = ranked[hits]
            hits_above = np.searchsorted(keys, keys, side="right")  # down to the end of the ties of each hit
            rows_above = np.searchsorted(ranked, keys, side="right")
            result[category] = np.mean(hits_above / rows_above)
    return result


def _ranked(scores: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted keys that rise as the scores of one column [N] fall, equal where scores are, and the indices of the hits.

    Single precision is sorted as whole numbers with the hit in the lowest bit: several times faster than an order of
    indices. Read as a whole number, the bits of a float rise with the float from 0 on; below 0 they fall as it rises.
    """
    if scores.dtype != np.float32:
        order = np.argsort(-scores, kind="stable")
        return -scores[order], np.flatnonzero(hits[order])
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)  # + 0 makes -0.0 equal 0.0
    keys = np.where(bits < 0, bits, np.int64(-(2**31)) - 1 - bits) << 1 | hits
    keys.sort()
    indices = np.flatnonzero(keys & 1)
    keys |= 1
    return keys, indices


def ends_of_ties(ranked: np.ndarray) -> np.ndarray:
    """Return the last index of each group of equal scores, int64, for sorted scores [N] with N > 0."""
    return np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)


def mean_average_precision(per_category: np.ndarray) -> tuple[float, float]:
    """Return ``map`` and ``map_present`` in percent: a category without positives counts as 0, or is left out."""
    present = per_category[~np.isnan(per_category)]
    return 100 * float(np.nan_to_num(per_category).mean()), 100 * float(present.mean()) if len(present) else 0.0
