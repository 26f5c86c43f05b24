"""Scores to probabilities by a logistic fit per category, which changes no ranking.

Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines"; the targets are his: (n + 1) / (n + 2) for a
positive of n, and 1 / (m + 2) for a negative of m.
"""

import numpy as np

from spml.artifacts.codes import TrueLabel

STEPS = 50
TOLERANCE = 1e-10
LEAST_SLOPE = 0.1  # of a category, relative to that of all


def fit_logits(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset per category, each float64 [L], so that slope · score + offset are logits.

    Parameters
    ----------
    scores : float [N, L]
    labels : int8 [N, L]
        Codes of ``TrueLabel``; unknown entries are left out. At least one label is positive.

    All categories share one slope first. The slope of a category is then drawn to it by a normal prior, whose mean and
    standard deviation are that slope: where positives are few, the common slope stays. It is above 0, so that rankings
    stay. A category without a positive, or without a negative, has slope and offset of all entries together.
    """
    known = labels != TrueLabel.UNKNOWN
    present = labels == TrueLabel.PRESENT
    positives, negatives = present.sum(0), (known & ~present).sum(0)
    scores = scores.astype(np.float64)
    targets = np.where(present, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    total = known.sum()
    mean = (scores * known).sum() / total
    scale = np.sqrt((np.square(scores - mean) * known).sum() / total) or 1.0
    shared = np.where(present, (positives.sum() + 1) / (positives.sum() + 2), 1 / (negatives.sum() + 2))
    pooled = ((scores - mean) / scale).reshape(-1, 1)
    slope, offset = _newton(pooled, shared.reshape(-1, 1), known.reshape(-1, 1).astype(float), 0.0)
    common = max(float(slope[0]), LEAST_SLOPE)
    both = (positives > 0) & (negatives > 0)
    slopes, offsets = np.ones(scores.shape[1]), np.full(scores.shape[1], offset[0])
    if both.any():
        scaled = common * (scores[:, both] - mean) / scale
        own, shift = _newton(scaled, targets[:, both], known[:, both].astype(float), 1.0)
        steep = np.maximum(own, LEAST_SLOPE)
        if (own < LEAST_SLOPE).any():
            shift = _newton_offset(scaled * steep, targets[:, both], known[:, both].astype(float), shift)
        slopes[both], offsets[both] = steep, shift
    slopes *= common / scale
    return slopes, offsets - slopes * mean


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
