"""The counts, precision and recall of one set of pseudo-labels: a row of tables/label_counts.csv."""

import numpy as np

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import Confusion, confusion, hard_positives, ratio, soft_positives


class LabelCounts:
    """Counts of pseudo-labels against observed and true labels, over blocks of rows."""

    def __init__(self) -> None:
        self._images = self._entries = self._known = self._ignored = self._observed = self._lost = self._empty = 0
        self._positives = 0.0
        self._added = self._images_with_added = 0
        self._every = self._unobserved = Confusion(0.0, 0.0, 0)

    def add(self, pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> None:
        """Count rows.

        Parameters
        ----------
        pseudo : int8 codes of ``PseudoLabel``, or float soft targets, which count by their value [n, L]
        observed : int8 codes of ``ObservedLabel`` [n, L]
        true : int8 codes of ``TrueLabel`` [n, L]
        """
        positive, unobserved = soft_positives(pseudo), observed == ObservedLabel.UNOBSERVED
        observed_present, labelled = observed == ObservedLabel.PRESENT, positive > 0
        self._images += len(pseudo)
        self._entries += pseudo.size
        self._known += int((true != TrueLabel.UNKNOWN).sum())
        self._positives += positive.sum()  # exact in any order: float16 targets have 24 bits behind the point
        self._ignored += int((pseudo == PseudoLabel.IGNORED).sum())
        self._every += confusion(positive, true)
        self._unobserved += confusion(positive, np.where(unobserved, true, TrueLabel.UNKNOWN))
        self._observed += int(observed_present.sum())
        self._lost += int((observed_present & ~labelled).sum())
        self._empty += int((~labelled).all(1).sum())
        added = unobserved & hard_positives(pseudo)
        self._added += int(added.sum())
        self._images_with_added += int(added.any(1).sum())

    @property
    def adds_nothing(self) -> str:
        """Why nothing can be learnt from these labels beyond the observed ones; empty where something can."""
        if not self._positives:
            return "no label is present"
        if not self._added and not self._ignored and self._observed:
            return "nothing is added to the observed labels"
        return ""

    @property
    def sentence(self) -> str:
        """How many labels were added to how many pictures."""
        return added_labels(self._added, self._images_with_added, self._images) + "."

    @property
    def row(self) -> dict[str, float]:
        """The row of the table, without the columns that name the pseudo-labels.

        Precision and recall are fractions of the entries whose true label is known, and NaN where none of these is
        pseudo-labelled or present. ``precision_unobserved`` and ``recall_unobserved`` are over the unobserved entries
        alone.
        """
        categories = self._entries / self._images if self._images else 0
        return {
            "images": self._images,
            "positives_per_image": float(ratio(self._positives, self._images)),
            "ignored_per_image": float(ratio(self._ignored, self._images)),
            "true_positives_per_image": float(ratio(self._every.present, self._known / max(categories, 1))),
            "known_share": float(ratio(self._known, self._entries)),
            "precision": float(self._every.precision),
            "recall": float(self._every.recall),
            "precision_unobserved": float(self._unobserved.precision),
            "recall_unobserved": float(self._unobserved.recall),
            "observed_positives": self._observed,
            "observed_positives_lost": self._lost,
            "empty_images": self._empty,
            "added_labels": self._added,
            "images_with_added": self._images_with_added,
        }


def added_labels(labels: float, images: float, of_images: float) -> str:
    """Return in words how many labels were added to how many pictures, without validation; means over replicates are rounded."""
    noun = "label" if round(labels) == 1 else "labels"
    return f"added {labels:,.0f} {noun} to {images:,.0f} of {of_images:,.0f} training pictures"
