"""Labels of a file as a loss takes them: in the code ``LossLabel``, or as soft targets."""

import numpy as np

from spml.artifacts.codes import LossLabel, ObservedLabel, PseudoLabel, TrueLabel
from spml.losses.catalog import ACCEPTS_SOFT_TARGETS, LOSSES, NEEDS_NEGATIVES, TAKES_BOTH
from spml.runtime.errors import InputError


def encode_full_labels(loss: str, path: str, values: np.ndarray) -> np.ndarray:
    """Return true labels or pseudo-labels in the code of the losses; all but the ignored ones are known.

    Parameters
    ----------
    loss
        The name of a loss.
    path
        The file of the labels, for messages.
    values
        [N, L] true labels or pseudo-labels, or soft targets in [0, 1] of a floating type.

    Returns
    -------
    int8 or float32 [N, L]. Absent labels become unobserved, and ignored ones stay ignored. For a loss of known labels
    alone, absent labels become known to be absent, and ignored ones unobserved.

    Raises
    ------
    InputError
        When the loss does not accept soft targets.
    """
    if values.dtype.kind == "f":
        if loss not in ACCEPTS_SOFT_TARGETS:
            raise InputError(
                f"{path}: found soft targets, which loss {loss} does not take; wanted {' or '.join(ACCEPTS_SOFT_TARGETS)}"
            )
        return values.astype(np.float32)
    if loss in NEEDS_NEGATIVES:
        absent, ignored = LossLabel.ABSENT, LossLabel.UNOBSERVED
    else:
        absent, ignored = LossLabel.UNOBSERVED, LossLabel.IGNORED
    encoded = np.full(values.shape, ignored, np.int8)
    encoded[values == PseudoLabel.PRESENT] = LossLabel.PRESENT  # the codes of true labels are the same
    encoded[values == PseudoLabel.ABSENT] = absent
    return encoded


def encode_both(loss: str, path: str, observed: np.ndarray, pseudo: np.ndarray) -> np.ndarray:
    """Return observed labels, and pseudo-labels of what is unobserved, in the code of the losses that tell them apart.

    Parameters
    ----------
    loss
        The name of a loss.
    path
        The file of the pseudo-labels, for messages.
    observed
        int8 [N, L], observed labels.
    pseudo
        int8 [N, L], pseudo-labels. Ignored ones are none.

    Returns
    -------
    int8 [N, L].

    Raises
    ------
    InputError
        When the loss does not tell them apart, or the pseudo-labels are soft targets.
    """
    if loss not in TAKES_BOTH:
        raise InputError(
            f"loss: found {loss}, wanted one that takes observed and pseudo-labels: {', '.join(TAKES_BOTH)}"
        )
    if pseudo.dtype.kind == "f":
        raise InputError(
            f"{path}: found soft targets, which loss {loss} does not take; wanted a rule that makes labels"
        )
    encoded = observed.astype(np.int8)
    unobserved = observed == ObservedLabel.UNOBSERVED
    encoded[unobserved & (pseudo == PseudoLabel.PRESENT)] = LossLabel.PSEUDO_PRESENT
    encoded[unobserved & (pseudo == PseudoLabel.ABSENT)] = LossLabel.PSEUDO_ABSENT
    return encoded


def encode_observed_labels(loss: str, path: str, values: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return observed labels in the code of the losses.

    Parameters
    ----------
    loss
        The name of a loss.
    path
        The file of the labels, for messages.
    values
        int8 [N, L], observed labels.
    true
        [N, L], true labels. Only a loss that needs true negatives reads them.

    Returns
    -------
    int8 [N, L].

    Raises
    ------
    InputError
        When the loss needs more than was observed.
    """
    needs = LOSSES[loss].needs
    if needs == "complete labels":
        unobserved = (values == ObservedLabel.UNOBSERVED).sum()
        raise InputError(
            f"{path}: {unobserved:,} of {values.size:,} labels are unobserved, but loss {loss} needs every label; "
            "wanted supervision: full in the config, pseudo-labels, or a loss for observed labels, as an"
        )
    if needs == "true negatives":
        if not (true == TrueLabel.ABSENT).any():
            raise InputError(
                f"{path}: no true label is known to be absent in the training rows; loss {loss} learns from true negatives"
            )
        encoded = np.full(values.shape, LossLabel.UNOBSERVED, np.int8)
        encoded[true == TrueLabel.ABSENT] = LossLabel.ABSENT
        encoded[values == ObservedLabel.PRESENT] = LossLabel.PRESENT
        return encoded
    if needs == "observed negatives" and not (values == ObservedLabel.ABSENT).any():
        raise InputError(
            f"{path}: no negative is observed; with positives alone loss {loss} learns that everything is present; "
            "wanted observed negatives (observation.negatives_per_image in the config) or pseudo-labels"
        )
    return values.astype(np.int8)  # LossLabel has the codes of ObservedLabel, and one more
