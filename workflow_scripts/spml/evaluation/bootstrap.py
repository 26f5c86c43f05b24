"""Paired comparison of methods: the bootstrap over test images, the same resamples for all."""

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from spml.artifacts import blocks
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
        Codes of ``TrueLabel``; unknown entries are left out.
    counts : uint8 [N, B]
    """
    known = np.flatnonzero(labels != TrueLabel.UNKNOWN)
    order = known[np.argsort(-scores[known], kind="stable")]
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
    scores: blocks.Rows, labels: blocks.Rows, counts: np.ndarray, each: Callable[..., Iterable[np.ndarray]] = map
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

    rows: list[np.ndarray] = []
    for columns in blocks.column_blocks(scores.shape):
        some_scores, some_labels = scores[:, columns], labels[:, columns]
        rows += each(resampled_average_precision, some_scores.T, some_labels.T, itertools.repeat(counts))
    precision = np.stack(rows)
    present = ~np.isnan(precision)
    return 100 * np.where(present, precision, 0).sum(0) / np.maximum(present.sum(0), 1)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of resampled differences [B]: their percentiles 2.5 and 97.5."""
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)
