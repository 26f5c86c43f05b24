"""95 % intervals over test images of the mAP of a method, and of the difference of two: a jackknife, without resamples.

An interval is about the mean over test sets of this size with as many positives of each category as this one, over the
categories that are present. Average precision has a bias that falls with the number of positives; given their number the
test set's mAP has that mean, so the interval needs no correction. A bootstrap is off-centre: a positive that is drawn
twice raises average precision, and a category of one positive keeps or loses it. Methods are compared image by image.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.evaluation.average_precision import ends_of_ties

FEW = 10  # positives: categories of 2 to as many stand in for those of one
STRIP = 16  # columns at a time
NORMAL = 1.959964  # quantile 0.975


@dataclass(frozen=True)
class Effects:
    """What each test image adds to the mAP of a method, or to the difference of two methods on the same test set.

    The fields are fractions, not percent; C categories have positives.

    Parameters
    ----------
    average_precision : float64 [C]
    images : float64 [N]
        The effect of each image on the mean; the variance of the mean is the sum of squares.
    few : float64 [K]
        The effect of each positive on the average precision of its category, for categories of 2 to ``FEW`` positives.
    positives : int64 [C]
        The number of positives, the same for all methods.
    """

    average_precision: np.ndarray
    images: np.ndarray
    few: np.ndarray
    positives: np.ndarray

    def __sub__(self, other: "Effects") -> "Effects":
        return Effects(
            self.average_precision - other.average_precision,
            self.images - other.images,
            self.few - other.few,
            self.positives,
        )

    def plus(self, other: "Effects", share: float) -> "Effects":
        """Return these effects and a share of others: the mean over replicates is a sum of shares."""
        return Effects(
            self.average_precision + share * other.average_precision,
            self.images + share * other.images,
            self.few + share * other.few,
            self.positives,
        )


def category_effects(scores: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the average precision of one category, and the effect of each image on it, float64 [N].

    A positive has the effect of its removal. A negative has twice the effect of the removal of half of it: removed whole,
    a negative above the first positive counts too much, and its derivative counts it too little. Effects are centred
    among the positives and among the negatives, whose numbers are held fixed, and 0 where the label is unknown. Their
    sum of squares estimates the variance; a single positive has no effect of its own.

    Parameters
    ----------
    scores : float [N]
    labels : int [N]
        Codes of ``TrueLabel``, at least one of them present.
    """
    known = np.flatnonzero(labels != TrueLabel.UNKNOWN)
    order = known[np.argsort(-scores[known], kind="stable")]
    present = labels[order] == TrueLabel.PRESENT
    last = ends_of_ties(scores[order])
    entries = last + 1.0  # at or above each group of equal scores
    hits = np.cumsum(present)[last].astype(np.float64)
    own = np.diff(hits, prepend=0)
    positives, negatives = int(hits[-1]), len(order) - int(hits[-1])
    precision = own * hits / entries
    group = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))

    effects = np.zeros(len(order))
    if negatives:
        lost = _from_below(precision / (entries - 0.5)) / positives
        effects[~present] = _centred(-lost[group[~present]], 1.0)
    if positives > 1:
        left = np.maximum(entries - 1, 1)
        below = _from_below(own * (hits - 1) / left) - own * (hits - 1) / left
        without = np.cumsum(precision) - precision + (own - 1) * (hits - 1) / left + below
        effects[present] = _centred(-without[group[present]] / (positives - 1), 1 - 1 / positives)
    result = np.zeros(len(scores))
    result[order] = effects
    return float(precision.sum()) / positives, result


def _from_below(values: np.ndarray) -> np.ndarray:
    """Return the sum of each value and of all after it."""
    return np.cumsum(values[::-1])[::-1]


def _centred(values: np.ndarray, factor: float) -> np.ndarray:
    """Return values about their mean, so that their sum of squares is ``factor`` times as large."""
    return math.sqrt(factor) * (values - values.mean())


def map_effects(scores: blocks.Rows, labels: blocks.Rows, each: Callable[..., Iterable] = map) -> Effects:
    """Return the effect of each image on the mAP over the categories that have positives.

    Parameters
    ----------
    scores : float [N, L]
    labels : int [N, L]
        Codes of ``TrueLabel``; unknown entries are left out.
    each : callable
        Runs strips of columns: ``map``, or that of an executor. The result does not depend on it.
    """
    images = np.zeros(scores.shape[0])
    average_precision, few, positives = [np.empty(0)], [np.empty(0)], [np.empty(0, np.int64)]
    for columns in blocks.column_blocks(scores.shape):
        some_scores, some_labels = scores[:, columns], labels[:, columns]
        starts = range(0, some_scores.shape[1], STRIP)
        for strip in each(_strip_effects, itertools.repeat(some_scores), itertools.repeat(some_labels), starts):
            images += strip.images
            average_precision.append(strip.average_precision)
            few.append(strip.few)
            positives.append(strip.positives)
    every = np.concatenate(positives)
    return Effects(np.concatenate(average_precision), images / max(len(every), 1), np.concatenate(few), every)


def _strip_effects(scores: np.ndarray, labels: np.ndarray, start: int) -> Effects:
    """Return the effects of a strip of columns; ``images`` is their sum over the categories."""
    images = np.zeros(len(scores))
    average_precision, few, positives = [], [np.empty(0)], []
    for column in range(start, min(start + STRIP, scores.shape[1])):
        rows = np.flatnonzero(labels[:, column] == TrueLabel.PRESENT)
        if not len(rows):
            continue
        value, effects = category_effects(scores[:, column], labels[:, column])
        images += effects
        average_precision.append(value)
        positives.append(len(rows))
        if 2 <= len(rows) <= FEW:
            few.append(effects[rows])
    return Effects(np.array(average_precision), images, np.concatenate(few), np.array(positives, np.int64))


def single_variance(effects: Effects) -> tuple[float, int]:
    """Return the variance of the average precision of a category of one positive, and its degrees of freedom.

    It cannot be estimated from the category itself. It is pooled over the categories of 2 to ``FEW`` positives, each with
    the variance per positive within it. Where there is none, it is the variance among the categories of one positive,
    which is too large if anything: they also differ in their means. It is NaN for one such category alone.
    """
    counts = effects.positives[(effects.positives >= 2) & (effects.positives <= FEW)]
    if len(counts):
        squares = np.add.reduceat(effects.few**2, np.cumsum(counts) - counts)
        return float((counts * (counts - 1) * squares).sum() / (counts - 1).sum()), int((counts - 1).sum())
    single = effects.average_precision[effects.positives == 1]
    return (float(single.var(ddof=1)), len(single) - 1) if len(single) > 1 else (float("nan"), 0)


def standard_error(effects: Effects) -> tuple[float, float]:
    """Return the standard error of the mean over the categories, and its degrees of freedom (Satterthwaite), at least 2."""
    squares = effects.images**2
    variance = float(squares.sum())
    spread = float((squares**2).sum()) - variance**2 / len(squares)  # the variance of the sum of squares
    single = int((effects.positives == 1).sum())
    if single:
        each, freedom = single_variance(effects)
        added = single * each / len(effects.positives) ** 2
        variance += added
        spread += 2 * added**2 / freedom if freedom else 0.0
    return math.sqrt(variance), max(2 * variance**2 / spread, 2.0) if spread > 0 else math.inf


def student_quantile(freedom: float) -> float:
    """Return quantile 0.975 of Student's t, to 1 % for ``freedom`` >= 2.

    Source: Abramowitz and Stegun 1964, *Handbook of Mathematical Functions*, 26.7.5.
    """
    z = NORMAL
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def difference_interval(effects: Effects) -> tuple[float, float]:
    """Return the 95 % interval of a difference in mAP, in points: about its mean, with Student's t. NaN without an error."""
    error, freedom = standard_error(effects)
    mean, width = effects.average_precision.mean(), student_quantile(freedom) * error
    return 100 * float(mean - width), 100 * float(mean + width)


def map_interval(effects: Effects) -> tuple[float, float]:
    """Return the 95 % interval of a mAP in percent: that of its logit, so that it stays within 0 and 100.

    A mAP of 100 % has no width: no image shows how it could fall.
    """
    error, freedom = standard_error(effects)
    mean = float(effects.average_precision.mean())
    if mean >= 1:
        return 100 * mean, 100 * mean
    logit, width = math.log(mean / (1 - mean)), student_quantile(freedom) * error / (mean * (1 - mean))
    return 100 / (1 + math.exp(width - logit)), 100 / (1 + math.exp(-width - logit))
