"""Observation processes: which of the true labels are seen."""

import numpy as np


def observe_uniform(labels: np.ndarray, seed: int) -> np.ndarray:
    """One positive per row, each of the row's positives equally likely.

    Parameters
    ----------
    labels : int [N, L]
        1 present, 0 absent.
    seed : int
        Of the one ``RandomState`` that serves all rows.

    Returns
    -------
    int8 [N, L]: 1 observed present, 0 unobserved. Rows without positives stay empty.

    Source: the published draw of Cole et al. 2021: per row, the indices of the positives are shuffled and the first
    is kept; then the negatives are shuffled too, though none is kept: the stream depends on it.
    """
    random = np.random.RandomState(seed)
    observed = np.zeros(labels.shape, np.int8)
    for row, row_labels in zip(observed, labels, strict=True):
        positives, negatives = np.flatnonzero(row_labels == 1), np.flatnonzero(row_labels != 1)
        random.shuffle(positives)
        random.shuffle(negatives)
        row[positives[:1]] = 1
    return observed
