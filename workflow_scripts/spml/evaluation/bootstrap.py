"""Paired comparison of methods: the bootstrap over test images, the same resamples for all."""

from collections.abc import Callable, Iterable

import numpy as np

from spml.artifacts.codes import TrueLabel
from spml.evaluation.average_precision import ends_of_ties

COLUMNS = 64  # resamples at a time: they fit the cache
SEED = 1  # of the resamples of a comparison


def resample_counts(images: int, resamples: int, seed: int) -> np.ndarray:
    """Return how often each image is drawn in each resample, uint8 [images, resamples]; columns sum to ``images``."""
    random = np.random.RandomState(seed)
    counts = np.empty((images, resamples), np.uint8)
    for column in range(resamples):
        counts[:, column] = np.bincount(random.randint(0, images, images), minlength=images)
    return counts


def resampled_average_precision(scores: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the average precision of one category on each resample, float64 [B]; NaN where a resample has no positive.

    The result equals repeating each image as often as it was drawn. Scores are sorted once, then reweighted.

    Parameters
    ----------
    scores : float [N]
    labels : int [N]
        Codes of ``TrueLabel``, each of them known.
    counts : uint8 [N, B]
    """
    order = np.argsort(-scores, kind="stable")
    ranked, present = scores[order], labels[order] == TrueLabel.PRESENT
    last = ends_of_ties(ranked)
    group = np.searchsorted(last, np.flatnonzero(present))  # of each positive
    groups, first = np.unique(group, return_index=True)  # those with positives: precision counts at their ends
    result = np.full(counts.shape[1], np.nan)
    if not len(groups):
        return result
    starts = np.append(0, last[groups[:-1]] + 1)
    above, positive = order[: last[groups[-1]] + 1], order[present]
    for column in range(0, counts.shape[1], COLUMNS):
        part = slice(column, column + COLUMNS)
        drawn = np.cumsum(np.add.reduceat(counts[above, part], starts, axis=0, dtype=np.int32), axis=0)
        hits = counts[positive, part]
        if len(groups) < len(positive):
            hits = np.add.reduceat(hits, first, axis=0, dtype=np.int32)
        total = np.cumsum(hits, axis=0, dtype=np.int32)
        with np.errstate(invalid="ignore"):
            result[part] = np.einsum("ij,ij->j", total / np.maximum(drawn, 1), hits) / total[-1]
    return result


def resampled_map(
    scores: np.ndarray, labels: np.ndarray, counts: np.ndarray, each: Callable[..., Iterable[np.ndarray]] = map
) -> np.ndarray:
    """Return the mAP in percent on each resample, float64 [B], over the categories that have positives there.

    Parameters
    ----------
    scores : float [N, L]
    labels : int [N, L]
        Codes of ``TrueLabel``; unknown entries are left out.
    counts : uint8 [N, B]
    each : callable
        Runs the categories: ``map``, or that of an executor.
    """

    def category_precision(category: int) -> np.ndarray:
        known = labels[:, category] != TrueLabel.UNKNOWN
        every = slice(None) if known.all() else known  # no copy where all are known
        return resampled_average_precision(scores[every, category], labels[every, category], counts[every])

    precision = np.stack(list(each(category_precision, range(scores.shape[1]))))
    present = ~np.isnan(precision)
    return 100 * np.where(present, precision, 0).sum(0) / np.maximum(present.sum(0), 1)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of resampled differences [B]: their percentiles 2.5 and 97.5."""
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)
