"""Calibration: how often entries are present, by the probability that a model predicts for them."""

from collections.abc import Mapping, Sequence

import numpy as np

from spml.artifacts.codes import TrueLabel

BINS = 15  # of equal width
Bins = Mapping[str, Sequence[float] | np.ndarray]
"""Sums by bin of probability, each [BINS]: ``entries``, ``probability`` and ``present``."""


class Reliability:
    """Sums by bin of probability, over blocks of entries: how many there are, their probabilities, and how many are present."""

    def __init__(self) -> None:
        self._entries, self._present = np.zeros((2, BINS), np.int64)
        self._probability: np.ndarray = np.zeros(BINS)

    def add(self, probability: np.ndarray, true: np.ndarray) -> None:
        """Count entries.

        Parameters
        ----------
        probability : float [...]
        true : int [...]
            Codes of ``TrueLabel``, each of them known.
        """
        probability = probability.reshape(-1)
        bins = np.minimum((probability * BINS).astype(int), BINS - 1)
        self._entries += np.bincount(bins, minlength=BINS)
        self._present += np.bincount(bins[(true == TrueLabel.PRESENT).reshape(-1)], minlength=BINS)
        # The sums so far are the first terms: the order of additions, and the rounding, is that of one block.
        sums = np.concatenate([self._probability, probability])
        self._probability = np.bincount(np.concatenate([np.arange(BINS), bins]), sums, BINS)

    @property
    def bins(self) -> dict[str, list[float]]:
        """``entries``, ``probability`` and ``present`` as floats, by bin."""
        return {
            "entries": self._entries.astype(float).tolist(),
            "probability": self._probability.tolist(),
            "present": self._present.astype(float).tolist(),
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
