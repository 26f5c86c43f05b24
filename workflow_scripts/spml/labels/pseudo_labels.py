"""Pseudo-labels from logits by one of several rules.

A rule is a pure function of ``logits`` [N, L] and its own parameters, and returns int8 [N, L]: 1 present, 0 absent,
-1 ignored; ``soft`` returns targets, float16. To add a rule: its function, its name in RULES, its line in
rules/config.schema.yaml.
"""

from collections.abc import Callable

import numpy as np

IGNORED = -1


def probabilities(logits: np.ndarray) -> np.ndarray:
    """The sigmoid in float64, same shape; exact at both ends."""
    small = np.exp(-np.abs(logits.astype(np.float64)))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def threshold(logits: np.ndarray, tau: float) -> np.ndarray:
    """1 where the probability is above tau (strictly), else 0.

    Source: Arroyo 2023, algorithm 1. The observed positives are not put back.
    """
    return (probabilities(logits) > tau).astype(np.int8)


def band(logits: np.ndarray, tau: float, tau_low: float) -> np.ndarray:
    """1 where the probability is above tau, 0 where it is below tau_low, ignored between."""
    probability = probabilities(logits)
    return np.select([probability > tau, probability < tau_low], [1, 0], IGNORED).astype(np.int8)


def class_prior(logits: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Per category, 1 for as many of the highest rows as its prior [L] (rate of positives, in [0, 1]) says.

    Source: Xie et al. 2023, "Class-Distribution-Aware Pseudo-Labeling for Semi-Supervised Multi-Label Learning".
    """
    return _highest(logits, np.rint(np.asarray(prior) * len(logits)).astype(int))


def top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Per category, 1 for its k highest rows.

    Source: Yalniz et al. 2019, "Billion-scale semi-supervised learning for image classification".
    """
    return _highest(logits, np.full(logits.shape[1], k))


def _highest(logits: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Per category, 1 for its ``count`` [L] highest rows; of equals, the first."""
    order = np.argsort(-logits, axis=0, kind="stable")
    labels = np.zeros(logits.shape, np.int8)
    np.put_along_axis(labels, order, (np.arange(len(logits))[:, None] < count).astype(np.int8), axis=0)
    return labels


def argmax(logits: np.ndarray) -> np.ndarray:
    """1 for the highest category of each row, the first of equals.

    Source: Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method".
    """
    labels = np.zeros(logits.shape, np.int8)
    labels[np.arange(len(logits)), logits.argmax(1)] = 1
    return labels


def soft(logits: np.ndarray) -> np.ndarray:
    """The probability itself as the target, float16.

    Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
    """
    return probabilities(logits).astype(np.float16)


RULES: dict[str, Callable[..., np.ndarray]] = {
    "threshold": threshold,
    "keep_observed": threshold,  # what it adds is keep_observed() below, which every rule may have
    "class_prior": class_prior,
    "top_k": top_k,
    "band": band,
    "argmax": argmax,
    "soft": soft,
}


def keep_observed(pseudo: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The pseudo-labels with what was observed put back: positives as 1, negatives as 0."""
    return np.select([observed == 1, observed == -1], [1, 0], pseudo).astype(pseudo.dtype)
