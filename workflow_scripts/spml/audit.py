"""Audit of pseudo-labels by category: how many, how right, and what stands where a true one is missing."""

import numpy as np
import pandas as pd

from spml.pseudo_labels import positives


def by_category(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    """A row per category, from matrices [N, L] (pseudo-labels or targets, observed, true).

    Counts are of training images; a target counts by its value. Precision and recall are NaN where nothing is
    pseudo-labelled or nothing is true.
    """
    positive, present = positives(pseudo), true == 1
    counts, hits = positive.sum(0), (positive * present).sum(0)
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(
            {
                "true": present.sum(0),
                "observed": (observed == 1).sum(0),
                "pseudo": counts,
                "ignored": (pseudo < 0).sum(0),
                "right": hits,
                "precision": hits / counts,
                "recall": hits / present.sum(0),
            }
        )


def confusions(pseudo: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Images in which category i is true but missing while j is pseudo-labelled but wrong, int64 [L, L].

    A target of 0.5 or more counts as a label; ignored entries are neither missing nor wrong.
    """
    positive = pseudo >= 0.5
    missing = (true == 1) & ~positive & (pseudo >= 0)
    wrong = (true != 1) & positive
    return np.rint(missing.T.astype(np.float32) @ wrong.astype(np.float32)).astype(np.int64)
