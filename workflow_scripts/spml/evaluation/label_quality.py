"""Audit of pseudo-labels by category: how many, how right, and what stands where a true one is missing."""

import numpy as np
import pandas as pd

from spml.labels.pseudo_labels import positives

ROWS = 256  # categories looked at together


def by_category(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    """A row per category, from matrices [N, L] (pseudo-labels or targets, observed, true).

    Counts are of training images; a target counts by its value. ``known`` are the images whose true label is (not -1), and
    ``judged`` those of ``pseudo`` among them. Precision and recall are NaN where nothing is judged or nothing is true.
    """
    positive, present, known = positives(pseudo), true == 1, true >= 0
    judged, hits = (positive * known).sum(0), (positive * present).sum(0)
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(
            {
                "known": known.sum(0),
                "true": present.sum(0),
                "observed": (observed == 1).sum(0),
                "pseudo": positive.sum(0),
                "ignored": (pseudo < 0).sum(0),
                "judged": judged,
                "right": hits,
                "precision": hits / judged,
                "recall": hits / present.sum(0),
            }
        )


def confusions(pseudo: np.ndarray, true: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``most`` frequent confusions of each category: what is wrongly present where it is missing, in how many images.

    A confusion of i with j is an image in which i is true but missing while j is pseudo-labelled but wrong. A target of
    0.5 or more counts as a label; ignored entries are neither missing nor wrong. Returns categories j and numbers of
    images, both int64 [L, most], the most frequent first, the first of equals. Of all L x L pairs only some rows are
    in memory at a time.
    """
    positive = pseudo >= 0.5
    missing = ((true == 1) & ~positive & (pseudo >= 0)).astype(np.float32)
    wrong = ((true == 0) & positive).astype(np.float32)
    most = min(most, pseudo.shape[1])
    instead, images = (np.zeros((pseudo.shape[1], most), np.int64) for _ in range(2))
    for start in range(0, len(images), ROWS):
        counts = missing[:, start : start + ROWS].T @ wrong
        rows = np.arange(len(counts))
        for place in range(most):
            best = counts.argmax(1)
            instead[start + rows, place], images[start + rows, place] = best, np.rint(counts[rows, best])
            counts[rows, best] = -1
    return instead, images
