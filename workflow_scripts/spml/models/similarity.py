"""Heads that were not trained: the similarity of pictures and texts, as logits, in NumPy.

With z = (cos(picture, text) - offset of the category) / temperature, the probability of a category is the softmax of z over
the categories, so that those of a picture sum to 1, and the logit is that of this probability.

Sources: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"; Xing et al. 2024,
"Vision-Language Pseudo-Labels for Single-Positive Multi-Label Learning".
"""

from collections.abc import Mapping

import numpy as np

from spml.artifacts.features import Features

ROWS = 4096  # read at a time
WEIGHT, OFFSET = "text.weight", "text.offset"  # [L, D] and [L], both divided by the temperature
LARGEST = 700.0  # of a logit: the exponential of more is no number


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Return features [N, D] at unit length, float32; a row of zeros stays as it is."""
    values = features.astype(np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", values, values))
    values /= np.maximum(length, np.finfo(np.float32).tiny)[:, None]
    return values


def mean_scores(stored: Features, rows: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Return the mean cosine of each category with the pictures in rows [n] of a file of features, float32 [L].

    ``text`` [L, D] are features of unit length.
    """
    total = np.zeros(len(text))
    for start in range(0, len(rows), ROWS):
        total += unit_rows(stored.read(rows[start : start + ROWS])).astype(np.float64).sum(0) @ text.T
    return (total / len(rows)).astype(np.float32)


def head(text: np.ndarray, offset: np.ndarray, temperature: float) -> dict[str, np.ndarray]:
    """Return the weights of a head from text features of unit length [L, D] and offsets [L], both float32."""
    scale = np.float32(1 / temperature)
    return {WEIGHT: text * scale, OFFSET: offset * scale}


def text_logits(weights: Mapping[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Return logits float32 [N, L] of a head of ``head`` for features [N, D] of pictures."""
    return softmax_logits(unit_rows(features) @ weights[WEIGHT].T - weights[OFFSET])


def softmax_logits(scores: np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)) of p = softmax(scores) over the categories, float32 [N, L]; exact at both ends.

    That is the score less the logarithm of the sum of the other exponentials. For the highest score of a picture this
    sum is taken without it. There are at least two categories.
    """
    rows = np.arange(len(scores))
    top = scores.argmax(1)
    shifted = scores.astype(np.float64) - scores[rows, top].astype(np.float64)[:, None]
    exponential = np.exp(shifted)
    exponential[rows, top] = 0
    others = exponential.sum(1)  # without the highest, whose exponential is 1
    logits = shifted - np.log(others[:, None] + 1 - exponential)
    with np.errstate(divide="ignore"):
        logits[rows, top] = -np.log(others)
    return logits.clip(-LARGEST, LARGEST).astype(np.float32)
