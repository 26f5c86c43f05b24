"""The pseudo-labels of every variant and replicate, one after the other, beside the labels that they are compared with."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spml.artifacts import labels


def read(
    true: labels.Matrix,
    variants: Sequence[dict[str, Any]],
    pseudo_labels: Sequence[str],
    observed: Sequence[str],
) -> Iterator[tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray]]:
    """Yield each variant with its pseudo-labels, observed and true labels, all [N, L] of the training rows.

    ``pseudo_labels`` are files in the order of the variants, ``observed`` in that of their seeds, ascending.
    """
    train = true.rows("train")
    observed_of: dict[int, np.ndarray] = {}  # seed to observed labels
    for seed, path in zip(sorted({variant["seed"] for variant in variants}), observed, strict=True):
        matrix = labels.read(path, "observed")
        matrix.require_same_as(true)
        observed_of[seed] = matrix.values[train]
    for variant, path in zip(variants, pseudo_labels, strict=True):
        pseudo = labels.read(path, "pseudo_labels")
        pseudo.require_images_of(true, "train")
        yield variant, pseudo.values, observed_of[variant["seed"]], true.values[train]
