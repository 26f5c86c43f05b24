"""Calibration: how often entries are present, by the probability that a model predicts for them."""

from collections.abc import Mapping, Sequence

import numpy as np

from spml.artifacts.codes import TrueLabel

BINS = 15  # of equal width
Bins = Mapping[str, Sequence[float] | np.ndarray]
"""Sums by bin of probability, each [BINS]: ``entries``, ``probability`` and ``present``."""


def reliability_bins(probability: np.ndarray, true: np.ndarray) -> dict[str, list[float]]:
    """Return for each bin of probability the number of entries, the sum of their probabilities, and how many are present.

    Parameters
    ----------
    probability : float [...]
    true : int [...]
        Codes of ``TrueLabel``, each of them known.
    """
    bins = np.minimum((probability * BINS).astype(int), BINS - 1).reshape(-1)
    present = (true == TrueLabel.PRESENT).reshape(-1)
    return {
        "entries": np.bincount(bins, minlength=BINS).astype(float).tolist(),
        "probability": np.bincount(bins, probability.reshape(-1), BINS).tolist(),
        "present": np.bincount(bins, present, BINS).tolist(),
    }


def pooled(parts: Sequence[Bins]) -> dict[str, np.ndarray]:
    """Return the sums of several models' bins, float64 [BINS] each."""
    return {
        key: np.sum([np.zeros(BINS), *(np.asarray(bins[key]) for bins in parts)], axis=0)
        for key in ("entries", "probability", "present")
    }


def calibration_error(bins: Bins) -> float:
    """Return the expected calibration error (ECE) in percent; NaN without entries.

    The mean over entries of the gap between probability and frequency in their bin. Source: Guo et al. 2017, "On
    Calibration of Modern Neural Networks", each entry a binary decision.
    """
    entries, probability, present = (np.asarray(bins[key]) for key in ("entries", "probability", "present"))
    return 100 * float(np.abs(probability - present).sum() / entries.sum()) if entries.sum() else float("nan")
