"""Scores to probabilities by a logistic fit per category, which changes no ranking.

Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines"; the targets are his: (n + 1) / (n + 2) for a
positive of n, and 1 / (m + 2) for a negative of m.
"""

import numpy as np

from spml.artifacts.codes import TrueLabel

STEPS = 50
TOLERANCE = 1e-10
ENTRIES = 1 << 22  # of scores and labels in one fit
PRIOR = 10.0  # weight of the common slope, as much as some ten positives
LEAST_SLOPE = 0.1  # of a category, relative to that of all


def fit_logits(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset per category, each float64 [L], so that slope · score + offset are logits.

    Parameters
    ----------
    scores : float [N, L]
    labels : int8 [N, L]
        Codes of ``TrueLabel``; unknown entries are left out. At least one label is positive.

    All categories share one slope first. The slope of a category is then drawn to it by a normal prior: where positives
    are few, the common slope stays. It is above 0, so that rankings stay. A category without a positive, or without a
    negative, has slope and offset of all entries together.
    """
    thinned = slice(None, None, max(1, labels.size // ENTRIES))
    mean, scale, common, shift = _common(scores[thinned].astype(np.float64), labels[thinned])
    slopes, offsets = np.ones(labels.shape[1]), np.full(labels.shape[1], shift)
    together = max(1, ENTRIES // len(labels))
    for start in range(0, labels.shape[1], together):
        columns = slice(start, start + together)
        scaled = common * (scores[:, columns].astype(np.float64) - mean) / scale
        targets, weight, both = _targets(labels[:, columns])
        if not both.any():
            continue
        slope, offset = _newton(scaled[:, both], targets[:, both], weight[:, both], PRIOR)
        if (slope < LEAST_SLOPE).any():
            slope = np.maximum(slope, LEAST_SLOPE)
            offset = _newton_offset(scaled[:, both] * slope, targets[:, both], weight[:, both], offset)
        slopes[columns][both], offsets[columns][both] = slope, offset
    slopes *= common / scale
    return slopes, offsets - slopes * mean


def _common(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float, float, float]:
    """Return mean and standard deviation of scores [N, L], and slope and offset of one fit to all, for scaled scores."""
    known = labels != TrueLabel.UNKNOWN
    mean = scores[known].mean() if known.any() else 0.0
    scale = (scores[known].std() if known.any() else 0.0) or 1.0
    targets, weight, _ = _targets(labels.reshape(-1, 1))
    slope, offset = _newton((scores.reshape(-1, 1) - mean) / scale, targets, weight, 0.0)
    return float(mean), float(scale), max(float(slope[0]), LEAST_SLOPE), float(offset[0])


def _targets(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Platt's targets [N, L], 1 for known entries [N, L], and which categories [L] have positives and negatives."""
    present, known = labels == TrueLabel.PRESENT, labels != TrueLabel.UNKNOWN
    positives, negatives = present.sum(0), (known & ~present).sum(0)
    targets = np.where(present, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    return targets, known.astype(np.float64), (positives > 0) & (negatives > 0)


def _newton(scores: np.ndarray, targets: np.ndarray, weight: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset [L] of logistic fits to targets [N, L]; ``prior`` weighs ½ (slope - 1)²."""
    slope = np.ones(scores.shape[1])
    share = (weight * targets).sum(0) / weight.sum(0)
    offset = np.log(share / (1 - share))
    value = _negative_likelihood(scores, targets, weight, slope, offset, prior)
    for _ in range(STEPS):
        probability = _sigmoid(scores * slope + offset)
        error, curve = weight * (probability - targets), weight * probability * (1 - probability)
        by_slope, by_offset = (error * scores).sum(0) + prior * (slope - 1), error.sum(0)
        a, b, c = (curve * scores**2).sum(0) + prior + 1e-9, (curve * scores).sum(0), curve.sum(0) + 1e-9
        determinant = a * c - b * b
        step_slope, step_offset = (
            (c * by_slope - b * by_offset) / determinant,
            (a * by_offset - b * by_slope) / determinant,
        )
        size = np.ones_like(slope)
        for _ in range(30):  # halve the step of a category until its likelihood does not fall
            tried = slope - size * step_slope, offset - size * step_offset
            found = _negative_likelihood(scores, targets, weight, *tried, prior)
            worse = found > value + 1e-12 * np.abs(value)
            if not worse.any():
                break
            size = np.where(worse, size / 2, size)
        slope, offset = tried
        gain, value = value - found, found
        if (gain <= TOLERANCE * np.abs(value)).all():
            break
    return slope, offset


def _newton_offset(scores: np.ndarray, targets: np.ndarray, weight: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the offset [L] of logistic fits whose slope is 1."""
    for _ in range(STEPS):
        probability = _sigmoid(scores + offset)
        curve = (weight * probability * (1 - probability)).sum(0) + 1e-9
        offset = offset - np.clip((weight * (probability - targets)).sum(0) / curve, -1, 1)
    return offset


def _negative_likelihood(
    scores: np.ndarray, targets: np.ndarray, weight: np.ndarray, slope: np.ndarray, offset: np.ndarray, prior: float
) -> np.ndarray:
    logits = scores * slope + offset
    entries = np.logaddexp(0, logits) - targets * logits
    return (weight * entries).sum(0) + prior / 2 * (slope - 1) ** 2


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
