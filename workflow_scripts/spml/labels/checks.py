"""Checks of labels before any feature is extracted: whether there are positives to learn from."""

from collections.abc import Sequence

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.runtime.errors import InputError


def require_enough(
    path: str, training: blocks.Rows, full_supervision: Sequence[str], validation: blocks.Rows, select_on: str
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
    if full_supervision and not _any_present(training):
        raise InputError(
            f"{path}: no true label of a training image is known, but teachers learn from them: "
            f"{', '.join(full_supervision)}; wanted null in place of each teacher with supervision: full in the config, "
            "as in teachers: {full: null}"
        )
    if not _any_present(validation):
        kind, wanted = ("observed", "one")
        if select_on == "true_labels":
            kind, wanted = ("true", "validation.select_on: observed_labels, or true labels")
        raise InputError(
            f"{path}: found no {kind} positive in the {validation.shape[0]:,} validation rows, on which models are chosen "
            f"(validation.select_on: {select_on}); wanted {wanted}"
        )


def _any_present(values: blocks.Rows) -> bool:
    """Return whether a label is present; reads no further than the first block that has one."""
    return any((values[rows] == TrueLabel.PRESENT).any() for rows in blocks.row_blocks(values.shape))
