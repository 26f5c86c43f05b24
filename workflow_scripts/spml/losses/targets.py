"""Labels of a file as a loss takes them: in the code ``LossLabel``, or as soft targets. They are read by blocks of rows."""

import math

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import LossLabel, ObservedLabel, PseudoLabel, TrueLabel
from spml.losses.catalog import ACCEPTS_SOFT_TARGETS, LOSSES, NEEDS_NEGATIVES, TAKES_BOTH
from spml.runtime.errors import InputError


def encode_full_labels(loss: str, path: str, values: blocks.Rows) -> np.ndarray:
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
    int8, or a floating type [N, L]: float16 as the rule ``soft`` writes it, else float32. Absent labels become unobserved,
    and ignored ones stay ignored. For a loss of known labels alone, absent labels become known to be absent, and ignored
    ones unobserved.

    Raises
    ------
    InputError
        When the loss does not accept soft targets.
    """
    if _is_soft(values):
        if loss not in ACCEPTS_SOFT_TARGETS:
            raise InputError(
                f"{path}: found soft targets, which loss {loss} does not take; wanted {' or '.join(ACCEPTS_SOFT_TARGETS)}"
            )
        return blocks.gathered(values, np.float16 if values[:0].dtype == np.float16 else np.float32)
    if loss in NEEDS_NEGATIVES:
        absent, ignored = LossLabel.ABSENT, LossLabel.UNOBSERVED
    else:
        absent, ignored = LossLabel.UNOBSERVED, LossLabel.IGNORED

    def encode(block: np.ndarray) -> np.ndarray:
        encoded = np.full(block.shape, ignored, np.int8)
        encoded[block == PseudoLabel.PRESENT] = LossLabel.PRESENT  # the codes of true labels are the same
        encoded[block == PseudoLabel.ABSENT] = absent
        return encoded

    return blocks.gathered(blocks.Mapped(encode, values), np.int8)


def encode_both(loss: str, path: str, observed: blocks.Rows, pseudo: blocks.Rows) -> np.ndarray:
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
    if _is_soft(pseudo):
        raise InputError(
            f"{path}: found soft targets, which loss {loss} does not take; wanted a rule that makes labels"
        )

    def encode(known: np.ndarray, guessed: np.ndarray) -> np.ndarray:
        encoded = known.astype(np.int8)
        unobserved = known == ObservedLabel.UNOBSERVED
        encoded[unobserved & (guessed == PseudoLabel.PRESENT)] = LossLabel.PSEUDO_PRESENT
        encoded[unobserved & (guessed == PseudoLabel.ABSENT)] = LossLabel.PSEUDO_ABSENT
        return encoded

    return blocks.gathered(blocks.Mapped(encode, observed, pseudo), np.int8)


def encode_observed_labels(loss: str, path: str, values: blocks.Rows, true: blocks.Rows) -> np.ndarray:
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
        unobserved = blocks.count(values, lambda block: block == ObservedLabel.UNOBSERVED)
        raise InputError(
            f"{path}: {unobserved:,} of {math.prod(values.shape):,} labels are unobserved, but loss {loss} needs every label; "
            "wanted supervision: full in the config, pseudo-labels, or a loss for observed labels, as an"
        )
    if needs == "true negatives":
        if not blocks.some(true, lambda block: block == TrueLabel.ABSENT):
            raise InputError(
                f"{path}: no true label is known to be absent in the training rows; loss {loss} learns from true negatives"
            )
        return blocks.gathered(blocks.Mapped(_with_true_negatives, values, true), np.int8)
    if needs == "observed negatives" and not blocks.some(values, lambda block: block == ObservedLabel.ABSENT):
        raise InputError(
            f"{path}: no negative is observed; with positives alone loss {loss} learns that everything is present; "
            "wanted observed negatives (observation.negatives_per_image in the config) or pseudo-labels"
        )
    return blocks.gathered(values, np.int8)  # LossLabel has the codes of ObservedLabel, and more


def require_positives(path: str, values: blocks.Rows, advice: str = "") -> None:
    """Raise InputError unless a label [N, L] of the training rows, or a target, is positive."""
    if not blocks.some(values, lambda block: block > 0):
        raise InputError(
            f"{path}: no positive label among the {values.shape[0]:,} training rows; wanted at least one{advice}"
        )


def _with_true_negatives(observed: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return observed positives and true negatives of a block of rows."""
    encoded = np.full(observed.shape, LossLabel.UNOBSERVED, np.int8)
    encoded[true == TrueLabel.ABSENT] = LossLabel.ABSENT
    encoded[observed == ObservedLabel.PRESENT] = LossLabel.PRESENT
    return encoded


def _is_soft(values: blocks.Rows) -> bool:
    """Return whether labels are soft targets."""
    return values[:0].dtype.kind == "f"
