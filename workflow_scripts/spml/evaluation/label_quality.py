"""Quality of pseudo-labels by category: counts, precision, recall, and the categories labelled in place of missing ones."""

import numpy as np
import pandas as pd

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import confusion, hard_positives, soft_positives

BLOCK = 256  # categories per matrix product


def by_category(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    """Return a row per category: numbers of training images, precision and recall as fractions.

    ``known`` are the images whose true label is known, and ``judged`` those of ``pseudo`` among them. A soft target counts
    by its value. Precision is NaN where nothing is judged, recall where nothing is present.

    Parameters
    ----------
    pseudo : int8 codes of ``PseudoLabel``, or float soft targets [N, L]
    observed : int8 codes of ``ObservedLabel`` [N, L]
    true : int8 codes of ``TrueLabel`` [N, L]
    """
    positive = soft_positives(pseudo)
    counts = confusion(positive, true, axis=0)
    return pd.DataFrame(
        {
            "known": (true != TrueLabel.UNKNOWN).sum(0),
            "true": counts.present,
            "observed": (observed == ObservedLabel.PRESENT).sum(0),
            "pseudo": positive.sum(0),
            "ignored": (pseudo == PseudoLabel.IGNORED).sum(0),
            "judged": counts.predicted,
            "right": counts.true_positives,
            "precision": counts.precision,
            "recall": counts.recall,
        }
    )


def confusions(pseudo: np.ndarray, true: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``most`` frequent confusions of each category, and in how many images each occurs.

    An image confuses i with j where i is present but not pseudo-labelled, and j is pseudo-labelled but absent. A soft target
    of 0.5 or more counts as a label. Ignored entries are neither missing nor wrong.

    Returns
    -------
    Categories j and numbers of images, both int64 [L, most]: the most frequent first, the first category among equals.
    Only ``BLOCK`` rows of the L x L pairs are in memory at a time.
    """
    positive = hard_positives(pseudo)
    missing = ((true == TrueLabel.PRESENT) & ~positive & (pseudo != PseudoLabel.IGNORED)).astype(np.float32)
    wrong = ((true == TrueLabel.ABSENT) & positive).astype(np.float32)
    most = min(most, pseudo.shape[1])
    instead, images = (np.zeros((pseudo.shape[1], most), np.int64) for _ in range(2))
    for start in range(0, len(images), BLOCK):
        counts = missing[:, start : start + BLOCK].T @ wrong
        rows = np.arange(len(counts))
        for rank in range(most):
            best = counts.argmax(1)
            instead[start + rows, rank], images[start + rows, rank] = best, np.rint(counts[rows, best])
            counts[rows, best] = -1  # below every count: not chosen again
    return instead, images
