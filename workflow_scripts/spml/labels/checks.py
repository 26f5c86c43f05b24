"""Checks of labels before any feature is extracted: whether there are positives to learn from."""

from collections.abc import Sequence

import numpy as np

from spml.artifacts.codes import TrueLabel
from spml.runtime.errors import InputError


def require_enough(
    path: str, training: np.ndarray, full_supervision: Sequence[str], validation: np.ndarray, select_on: str
) -> None:
    """Raise InputError unless there are positives to learn from and to select models on.

    Parameters
    ----------
    path : str
        The user's table, or else the file of true labels, which the message names.
    training : int [n, L]
        The true labels of the training rows.
    full_supervision : names
        The teachers that learn from ``training``.
    validation : int [m, L]
        The labels of the validation rows that models are selected on.
    select_on : str
        The kind of ``validation``: ``true_labels`` or ``observed_labels``.

    Raises
    ------
    InputError
        When there is no positive among the labels of either kind.
    """
    if full_supervision and not (training == TrueLabel.PRESENT).any():
        raise InputError(
            f"{path}: no true label of a training image is known, but teachers learn from them: "
            f"{', '.join(full_supervision)}; wanted null in place of each teacher with supervision: full in the config, "
            "as in teachers: {full: null}"
        )
    if not (validation == TrueLabel.PRESENT).any():
        kind, wanted = ("observed", "one")
        if select_on == "true_labels":
            kind, wanted = ("true", "validation.select_on: observed_labels, or true labels")
        raise InputError(
            f"{path}: found no {kind} positive in the {len(validation):,} validation rows, on which models are chosen "
            f"(validation.select_on: {select_on}); wanted {wanted}"
        )
