"""The published split of the training part into training and validation rows."""

import numpy as np

from spml.runtime.errors import InputError


def training_split(rows: int, fraction: float, seed: int) -> np.ndarray:
    """Return the split of each row, uint8 [rows]: 0 training, 1 validation.

    Source: Cole et al. 2021: ``round(fraction * rows)`` validation rows from the end of one permutation by
    ``RandomState(seed)``; fraction 0.2 and seed 1200 as published.

    Raises
    ------
    InputError
        When either split would be empty.
    """
    validation = round(fraction * rows)
    if not 0 < validation < rows:
        raise InputError(
            f"validation.fraction: found {fraction}, which gives {validation} of {rows} images for validation and leaves "
            f"{rows - validation} for training; wanted at least one in each"
        )
    permutation = np.random.RandomState(seed).permutation(rows)
    split = np.zeros(rows, np.uint8)
    split[permutation[rows - validation :]] = 1
    return split
