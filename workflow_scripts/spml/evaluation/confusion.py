"""Counts of true positives, and precision, recall and F1 from them. No other module counts true positives."""

from dataclasses import dataclass

import numpy as np

from spml.artifacts.codes import POSITIVE_TARGET, TrueLabel

Count = np.ndarray | np.floating | np.integer | float


@dataclass(frozen=True)
class Confusion:
    """Counts of entries, for a whole matrix or per category [L]; soft targets are summed.

    Entries whose true label is unknown count nowhere. False positives are ``predicted - true_positives``, false negatives
    are ``present - true_positives``.
    """

    true_positives: Count
    predicted: Count
    present: Count

    def __add__(self, other: "Confusion") -> "Confusion":
        """Return the counts of both together."""
        return Confusion(
            self.true_positives + other.true_positives, self.predicted + other.predicted, self.present + other.present
        )

    @property
    def overall(self) -> "Confusion":
        """The counts of all categories together."""
        return Confusion(np.sum(self.true_positives), np.sum(self.predicted), np.sum(self.present))

    @property
    def precision(self) -> np.ndarray:
        """The fraction of the predicted entries that are present; NaN where none is predicted."""
        return ratio(self.true_positives, self.predicted)

    @property
    def recall(self) -> np.ndarray:
        """The fraction of the present entries that are predicted; NaN where none is present."""
        return ratio(self.true_positives, self.present)

    @property
    def f1(self) -> np.ndarray:
        """The harmonic mean of precision and recall; NaN where nothing is predicted and nothing present."""
        return ratio(2 * self.true_positives, self.predicted + self.present)


def confusion(predicted: np.ndarray, true: np.ndarray, axis: int | None = None) -> Confusion:
    """Return the counts of predictions against true labels.

    Parameters
    ----------
    predicted : bool, or float for soft targets [N, L]
        A soft target counts by its value.
    true : int [N, L]
        Codes of ``TrueLabel``.
    axis : int, optional
        0 counts per category.
    """
    present, known = true == TrueLabel.PRESENT, true != TrueLabel.UNKNOWN
    return Confusion((predicted * present).sum(axis), (predicted * known).sum(axis), present.sum(axis))


def ratio(part: Count | float, whole: Count | float) -> np.ndarray:
    """Return ``part / whole`` as float64; NaN where both are 0."""
    with np.errstate(invalid="ignore"):
        return np.divide(part, whole, dtype=np.float64)


def harmonic_mean(precision: float, recall: float) -> float:
    """Return the F1 of a precision and a recall; 0 where both are 0."""
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def soft_positives(pseudo: np.ndarray) -> np.ndarray:
    """Return pseudo-labels as float64 [N, L]: 1 where present, its value for a soft target, 0 elsewhere."""
    return np.where(pseudo > 0, pseudo, 0).astype(np.float64)


def hard_positives(pseudo: np.ndarray) -> np.ndarray:
    """Return where pseudo-labels are present, bool [N, L]; a soft target is from ``POSITIVE_TARGET`` on."""
    return pseudo >= POSITIVE_TARGET
