"""Measures of multi-label predictions beside the mAP: micro-AP, overall and per-category F1, calibration."""

from collections.abc import Mapping, Sequence

import numpy as np

from spml.evaluation.average_precision import average_precision, ends_of_ties

BINS = 15  # of equal width, for the calibration error
BIN_SUMS = ("entries", "probability", "present")


def micro_average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Average precision of all entries [N, L] taken as one category, in percent; NaN without positives."""
    return 100 * float(average_precision(scores.reshape(-1, 1), labels.reshape(-1, 1))[0])


def f1(predicted: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """OF1 and CF1 in percent, for bool [N, L]: F1 of overall precision and recall, and of their means over categories.

    A category that is never predicted has precision 0, one without positives recall 0, as commonly reported.
    Source: Wang et al. 2016, "CNN-RNN: A Unified Framework for Multi-label Image Classification".
    """
    hits, found, present = (predicted & labels).sum(0), predicted.sum(0), labels.sum(0)
    overall = _harmonic_mean(hits.sum() / max(found.sum(), 1), hits.sum() / max(present.sum(), 1))
    by_category = _harmonic_mean((hits / np.maximum(found, 1)).mean(), (hits / np.maximum(present, 1)).mean())
    return 100 * overall, 100 * by_category


def _harmonic_mean(precision: float, recall: float) -> float:
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def best_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The threshold of the highest OF1: half-way between two probabilities; present is what lies above it.

    Of equals, the highest threshold; 0.5 without positives.
    """
    order = np.argsort(-probabilities, axis=None, kind="stable")
    ranked, hits = probabilities.reshape(-1)[order], np.cumsum(labels.reshape(-1)[order] == 1)
    if not len(hits) or not hits[-1]:
        return 0.5
    last = ends_of_ties(ranked)
    best = int(np.argmax(2 * hits[last] / (last + 1 + hits[-1])))
    below = ranked[last[best] + 1] if last[best] + 1 < len(ranked) else 0.0
    return float((ranked[last[best]] + below) / 2)


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, list[float]]:
    """By bin of probability: how many entries, the sum of their probabilities, how many are present. Lists of BINS."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1).reshape(-1)
    present = (labels == 1).reshape(-1)
    return {
        "entries": np.bincount(bins, minlength=BINS).astype(float).tolist(),
        "probability": np.bincount(bins, probabilities.reshape(-1), BINS).tolist(),
        "present": np.bincount(bins, present, BINS).tolist(),
    }


def calibration_error(bins: Mapping[str, Sequence[float] | np.ndarray]) -> float:
    """Expected calibration error (ECE) in percent: over the bins, the mean gap of probability and frequency.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", each entry a binary decision.
    """
    entries, probability, present = (np.asarray(bins[key]) for key in BIN_SUMS)
    return 100 * float(np.abs(probability - present).sum() / entries.sum()) if entries.sum() else float("nan")
