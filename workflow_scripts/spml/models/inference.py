"""Logits of a trained head from cached features, in NumPy: the import of torch costs more than the products."""

from collections.abc import Mapping, Sequence

import numpy as np

from spml.models.kernels import KERNEL, Landmarks, kernel_matrix


def predict(weights: Mapping[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Return logits float32 [N, L] of one head (weights as in spml.models.heads, not stacked) for features [N, D]."""
    if KERNEL[0] in weights:
        values = kernel_matrix(features, Landmarks(*(weights[name] for name in KERNEL)))
    else:
        values = features.astype(np.float32)
    if "hidden.weight" in weights:
        values = np.maximum(values @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
    return values @ weights["output.weight"].T + weights["output.bias"]


def on_kernel_values(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a head of kind kernel as one of kind linear, which takes kernel values in place of features."""
    return {name: value for name, value in weights.items() if name not in KERNEL}


def present_labels(probability: np.ndarray, threshold: np.ndarray, category: Sequence[str]) -> list[str]:
    """Return the categories [L] whose probability [L] is above their threshold [L], the most probable first."""
    present = np.flatnonzero(probability > threshold)
    return [category[column] for column in present[np.argsort(-probability[present], kind="stable")]]
