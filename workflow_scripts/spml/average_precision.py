"""Average precision per category and its mean, as scikit-learn defines it."""

import numpy as np


def average_precision(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average precision of each category: no interpolation, ties grouped.

    Parameters
    ----------
    scores : float [N, L]
        Higher means present; any strictly increasing transform gives the same result.
    labels : bool or int [N, L]
        1 present, 0 absent.

    Returns
    -------
    float64 [L], in [0, 1]; NaN for a category without positives.

    Source: ``sklearn.metrics.average_precision_score``.
    """
    rows = len(scores)
    result = np.full(scores.shape[1], np.nan)
    for category in range(scores.shape[1]):
        column = scores[:, category]
        order = np.argsort(-column, kind="stable")
        ranked = column[order]
        hits = np.cumsum(labels[order, category] == 1)
        if rows == 0 or hits[-1] == 0:
            continue
        last = ends_of_ties(ranked)
        found = hits[last]
        precision = found / (last + 1)
        result[category] = np.sum(np.diff(found, prepend=0) * precision) / hits[-1]
    return result


def ends_of_ties(ranked: np.ndarray) -> np.ndarray:
    """The last place of each group of equal scores, int64, for sorted scores [N] with N > 0."""
    return np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)


def mean_average_precision(per_category: np.ndarray) -> tuple[float, float]:
    """``map`` and ``map_present`` in percent: a category without positives counts as 0, or is left out."""
    present = per_category[~np.isnan(per_category)]
    return 100 * float(np.nan_to_num(per_category).mean()), 100 * float(present.mean()) if len(present) else 0.0
