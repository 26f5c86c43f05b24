"""Quality of pseudo-labels by category: counts, precision, recall, and the categories labelled in place of missing ones."""

import numpy as np
import pandas as pd

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import Confusion, confusion, hard_positives, soft_positives

BLOCK = 256  # categories per matrix product


class LabelQuality:
    """Counts by category, over blocks of rows of training images.

    The L x L counts of confusions are in memory, int32. A soft target counts by its value, but for confusions, where 0.5 or
    more is a label.
    """

    def __init__(self, categories: int) -> None:
        self._known, self._observed, self._ignored = np.zeros((3, categories), np.int64)
        self._pseudo = np.zeros(categories)
        self._counts = Confusion(np.zeros(categories), np.zeros(categories), np.zeros(categories, np.int64))
        self._confused = np.zeros((categories, categories), np.int32)

    def add(self, pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> None:
        """Count rows.

        Parameters
        ----------
        pseudo : int8 codes of ``PseudoLabel``, or float soft targets [n, L]
        observed : int8 codes of ``ObservedLabel`` [n, L]
        true : int8 codes of ``TrueLabel`` [n, L]
        """
        positive = soft_positives(pseudo)
        self._known += (true != TrueLabel.UNKNOWN).sum(0)
        self._observed += (observed == ObservedLabel.PRESENT).sum(0)
        self._ignored += (pseudo == PseudoLabel.IGNORED).sum(0)
        self._pseudo += positive.sum(0)
        self._counts += confusion(positive, true, axis=0)
        self._confuse(pseudo, true)

    def _confuse(self, pseudo: np.ndarray, true: np.ndarray) -> None:
        """Count confusions by products of matrices: exact, since float32 holds every whole number up to 2 ** 24 rows."""
        positive = hard_positives(pseudo)
        is_missing = (true == TrueLabel.PRESENT) & ~positive & (pseudo != PseudoLabel.IGNORED)
        is_wrong = (true == TrueLabel.ABSENT) & positive
        missing, wrong = np.flatnonzero(is_missing.any(0)), np.flatnonzero(is_wrong.any(0))
        factor = is_wrong[:, wrong].astype(np.float32)
        for start in range(0, len(missing), BLOCK):
            part = missing[start : start + BLOCK]
            product = is_missing[:, part].astype(np.float32).T @ factor
            self._confused[np.ix_(part, wrong)] += product.astype(np.int32)

    @property
    def by_category(self) -> pd.DataFrame:
        """A row per category: numbers of training images, precision and recall as fractions.

        ``known`` are the images whose true label is known, and ``judged`` those of ``pseudo`` among them. Precision is NaN
        where nothing is judged, recall where nothing is present.
        """
        return pd.DataFrame(
            {
                "known": self._known,
                "true": self._counts.present,
                "observed": self._observed,
                "pseudo": self._pseudo,
                "ignored": self._ignored,
                "judged": self._counts.predicted,
                "right": self._counts.true_positives,
                "precision": self._counts.precision,
                "recall": self._counts.recall,
            }
        )

    def confusions(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ``most`` frequent confusions of each category, and in how many images each occurs.

        An image confuses i with j where i is present but not pseudo-labelled, and j is pseudo-labelled but absent. Ignored
        entries are neither missing nor wrong.

        Returns
        -------
        Categories j and numbers of images, both int64 [L, most]: the most frequent first, the first category among equals.
        """
        most = min(most, len(self._confused))
        instead, images = (np.zeros((len(self._confused), most), np.int64) for _ in range(2))
        for start in range(0, len(images), BLOCK):
            counts = self._confused[start : start + BLOCK].copy()
            rows = np.arange(len(counts))
            for rank in range(most):
                best = counts.argmax(1)
                instead[start + rows, rank], images[start + rows, rank] = best, counts[rows, best]
                counts[rows, best] = -1  # below every count: not chosen again
        return instead, images


def most_confused(confusions: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Return the category most often present where another is missing, by that one: ``instead``, and ``images`` per replicate.

    ``confusions`` are rows of tables/confusions.csv of one entry of pseudo_labels. Of equals the first in the table counts.
    """
    rows = confusions[confusions["variant"] == variant]
    sums = rows.groupby(["missing", "instead"], sort=False)["images"].sum().reset_index()
    most = sums.sort_values("images", ascending=False, kind="stable").drop_duplicates("missing").set_index("missing")
    return most.assign(images=most["images"] / max(1, rows["seed"].nunique()))


def confusion_text(most: pd.DataFrame, category: str) -> str:
    """Return in words what ``most_confused`` says of a category; empty where it was not confused."""
    if category not in most.index:
        return ""
    images = float(most["images"][category])
    return f"{most['instead'][category]} ({images:,.{int(images < 10)}f})"
