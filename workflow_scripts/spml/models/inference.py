"""Logits of a trained head from cached features, in NumPy: the import of torch costs more than the products."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spml.artifacts import features, hdf5, labels
from spml.artifacts.crop_features import CropFeatures
from spml.models import similarity
from spml.models.kernels import KERNEL, Landmarks, kernel_matrix

ROWS = 4096  # predicted at a time


def predict(weights: Mapping[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Return logits float32 [N, L] of one head (weights as in spml.models.heads, not stacked) for features [N, D].

    A head of text features may take those of crops, [N, K, D].
    """
    if similarity.WEIGHT in weights:
        return similarity.text_logits(weights, features)
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


def write_logits(
    checkpoint: str,
    weights: Mapping[str, np.ndarray],
    description: Mapping[str, Any],
    stored: str,
    true: labels.Named,
    split: str,
    output: str,
) -> None:
    """Write the logits float32 [n, L] of the rows of a split; with split ``part``, of all rows of the part, each with its split.

    ``weights`` and ``description`` are the content of ``checkpoint``, ``stored`` is the path of the features of the part
    (of its kernel values, for a head of kind kernel), ``true`` its labels.

    Raises
    ------
    InputError
        When the files are of other images or categories, or kernel values of other landmarks.
    """
    whole = split == "part"
    rows = np.arange(len(true.image_id)) if whole else true.rows(split)
    image_id = [true.image_id[row] for row in rows]
    left_out = {"left_out": description["left_out"]} if description.get("left_out") else {}
    hdf5.require_same("category", checkpoint, description["categories"], true.path, true.category)
    shape = len(rows), len(true.category)
    with (
        features.reading(stored) as file,
        labels.creating(
            output,
            "logits",
            image_id,
            true.category,
            shape,
            np.float32,
            true.split if whole else None,
            **left_out,
        ) as logits,
    ):
        true.require_same_images(stored, file.image_id)
        if "landmarks_sha256" in description:  # the features are kernel values
            features.require_kernel_values(file, description["landmarks_sha256"], checkpoint)
            weights = on_kernel_values(weights)
        with_crops = similarity.takes_crops(weights)
        read, at_a_time = (CropFeatures(file).read, ROWS // 8) if with_crops else (file.read, ROWS)
        lowest, highest = np.inf, -np.inf
        for start in range(0, len(rows), at_a_time):
            block = predict(weights, read(rows[start : start + at_a_time]))
            logits[start : start + len(block)] = block
            lowest, highest = min(lowest, block.min()), max(highest, block.max())
    print(f"{split}: logits of {shape[0]:,} images, {shape[1]:,} categories, from {lowest:.2f} to {highest:.2f}")
