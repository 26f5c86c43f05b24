"""Heads that were not trained: the similarity of pictures and texts, as logits, in NumPy.

With z = (cos(picture, text) - offset of the category) / temperature, the probability of a category is the softmax of z over
the categories, so that those of a picture sum to 1, and the logit is that of this probability. Where a picture has crops,
its cosine is that of the mean of their features, the highest of theirs, or their mean weighted by a softmax over crops.

Sources: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"; Xing et al. 2024,
"Vision-Language Pseudo-Labels for Single-Positive Multi-Label Learning".
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

ROWS = 4096  # read at a time, fewer where each has several crops
WEIGHT, OFFSET = "text.weight", "text.offset"  # [L, D] and [L], both divided by the temperature
CROPS = {
    "maximum": "text.maximum",
    "attention": "text.attention",
}  # how crops are taken together, to a weight [1] that says so
LARGEST = 700.0  # of a logit: the exponential of more is no number

Weights = Mapping[str, np.ndarray]


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Return features [..., D] at unit length, float32; a row of zeros stays as it is."""
    values = features.astype(np.float32)
    length = np.sqrt(np.einsum("...d,...d->...", values, values))
    values /= np.maximum(length, np.finfo(np.float32).tiny)[..., None]
    return values


def head(
    text: np.ndarray, temperature: float, crops: Literal["mean", "maximum", "attention"] = "mean"
) -> dict[str, np.ndarray]:
    """Return the weights of a head from text features of unit length, float32 [L, D], with offsets of 0."""
    weights = {WEIGHT: text * np.float32(1 / temperature), OFFSET: np.zeros(len(text), np.float32)}
    return weights | ({CROPS[crops]: np.ones(1, np.float32)} if crops in CROPS else {})


def takes_crops(weights: Weights) -> bool:
    """Return whether a head takes the features of each crop of a picture, [N, K, D], and not their mean."""
    return any(name in weights for name in CROPS.values())


def debiased(weights: Weights, read: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the head with the mean score of each category as its offset.

    ``read`` returns the features of pictures by their row numbers; the mean is over ``rows`` [n].
    """
    total = np.zeros(len(weights[WEIGHT]))
    for block in blocks(weights, rows):
        total += scores(weights, read(block)).astype(np.float64).sum(0)
    return {**weights, OFFSET: (total / len(rows)).astype(np.float32)}


def blocks(weights: Weights, rows: np.ndarray) -> list[np.ndarray]:
    """Return row numbers [n] in blocks that are read at a time."""
    size = ROWS // 8 if takes_crops(weights) else ROWS
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def scores(weights: Weights, features: np.ndarray) -> np.ndarray:
    """Return the similarity of pictures and categories, divided by the temperature, float32 [N, L].

    ``features`` are [N, D], or [N, K, D] of K crops for a head that takes them.
    """
    found = unit_rows(features) @ weights[WEIGHT].T
    if CROPS["maximum"] in weights:
        return found.max(1)
    if CROPS["attention"] in weights:
        attention = np.exp(found - found.max(1, keepdims=True))
        return (attention * found).sum(1) / attention.sum(1)
    return found


def text_logits(weights: Weights, features: np.ndarray) -> np.ndarray:
    """Return logits float32 [N, L] of a head for features as ``scores`` takes them."""
    return softmax_logits(scores(weights, features) - weights[OFFSET])


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
