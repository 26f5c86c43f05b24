"""Pseudo-labels from a teacher's logits, and what they got right."""

import numpy as np


def probabilities(logits: np.ndarray) -> np.ndarray:
    """The sigmoid in float64, same shape; exact at both ends."""
    small = np.exp(-np.abs(logits.astype(np.float64)))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def threshold(logits: np.ndarray, tau: float) -> np.ndarray:
    """1 where the probability is above tau (strictly), else 0, int8 [N, L].

    Source: Arroyo 2023, algorithm 1. The observed positives are not put back.
    """
    return (probabilities(logits) > tau).astype(np.int8)


def keep_observed(pseudo: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The pseudo-labels with the observed positives put back, int8 [N, L]."""
    return np.where(observed == 1, np.int8(1), pseudo)


def count(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """How many, and how right: pseudo-labels against observed and true labels, all [N, L].

    Precision and recall are NaN where nothing is pseudo-labelled or nothing is true.
    """
    positive, present, unobserved = pseudo == 1, true == 1, observed == 0
    hits = positive & present
    return {
        "images": len(pseudo),
        "positives_per_image": _ratio(positive.sum(), len(pseudo)),
        "true_positives_per_image": _ratio(present.sum(), len(pseudo)),
        "precision": _ratio(hits.sum(), positive.sum()),
        "recall": _ratio(hits.sum(), present.sum()),
        "precision_unobserved": _ratio((hits & unobserved).sum(), (positive & unobserved).sum()),
        "recall_unobserved": _ratio((hits & unobserved).sum(), (present & unobserved).sum()),
        "observed_positives": int((observed == 1).sum()),
        "observed_positives_lost": int(((observed == 1) & ~positive).sum()),
        "empty_images": int((~positive.any(1)).sum()),
    }


def _ratio(part: np.integer | int, whole: np.integer | int) -> float:
    return float(part) / float(whole) if whole else float("nan")
