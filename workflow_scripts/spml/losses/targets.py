"""What a loss is given: the labels of a file in the code of the losses (1, 0, -1, IGNORED, or targets)."""

import numpy as np

from spml.losses.functional import ACCEPTS_SOFT_TARGETS, IGNORED, NEEDS_NEGATIVES
from spml.runtime.errors import InputError


def encode_full_labels(loss: str, path: str, values: np.ndarray) -> np.ndarray:
    """Labels of which all but the ignored ones are known (true or pseudo-labels): int8 or float32, same shape.

    ``values`` are 1 present, 0 absent, -1 ignored or unknown, or targets in [0, 1] of a floating type. A loss that assumes
    something of the unobserved assumes it of the absent; a loss of what is known alone is told that they are.

    Raises
    ------
    InputError
        When targets meet a loss that takes none.
    """
    if values.dtype.kind == "f":
        if loss not in ACCEPTS_SOFT_TARGETS:
            raise InputError(
                f"{path}: found soft targets, which loss {loss} does not take; wanted {' or '.join(ACCEPTS_SOFT_TARGETS)}"
            )
        return values.astype(np.float32)
    absent, ignored = (-1, 0) if loss in NEEDS_NEGATIVES else (0, IGNORED)
    return np.select([values == 1, values == 0], [1, absent], ignored).astype(np.int8)


def encode_observed_labels(loss: str, path: str, values: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Observed labels, int8 of the same shape: 1 present, 0 unobserved, -1 observed absent. ``true`` serves iun alone.

    Raises
    ------
    InputError
        When the loss needs more than was observed.
    """
    if loss in ACCEPTS_SOFT_TARGETS:
        raise InputError(
            f"{path}: {(values == 0).sum():,} of {values.size:,} labels are unobserved, but loss {loss} wants every label; "
            "wanted labels: true in the config, pseudo-labels, or a loss for observed labels, as an"
        )
    if loss == "iun":
        if not (true == 0).any():
            raise InputError(
                f"{path}: no true label is known to be absent in the training rows; loss iun learns from true negatives"
            )
        return np.where(values == 1, 1, np.where(true == 0, -1, 0)).astype(np.int8)
    if loss in NEEDS_NEGATIVES and not (values == -1).any():
        raise InputError(
            f"{path}: no negative is observed; with positives alone loss {loss} learns that everything is present; "
            "wanted observed negatives (observation.negatives in the config) or pseudo-labels"
        )
    return values.astype(np.int8)
