"""Checks of labels before any feature is extracted: positives to learn from, and numbers that categories or images limit."""

from collections.abc import Mapping, Sequence

from spml.artifacts import blocks, labels
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


def require_possible(
    category: Sequence[str],
    images: int,
    expected: Mapping[str, float],
    ranked: Mapping[str, int],
    rates: Mapping[str, Mapping[str, float]],
) -> None:
    """Raise InputError where the configuration wants more than there is, or names other categories; each by key.

    Parameters
    ----------
    category : names
    images : the number of training rows
    expected : positives per image that losses expect
    ranked : images per category that rule top_k labels
    rates : rates of positives by category

    Raises
    ------
    InputError
        When a number is above that of the categories or of the images, or rates are not those of all categories.
    """
    for key, number in expected.items():
        if number > len(category):
            raise InputError(f"{key}: found {number:,.15g}, wanted at most {len(category):,}, the number of categories")
    for key, number in ranked.items():
        if number > images:
            raise InputError(f"{key}: found {number:,}, wanted at most {images:,}, the number of training images")
    for key, prior in rates.items():
        labels.by_category(key, prior, category, None)


def _any_present(values: blocks.Rows) -> bool:
    """Return whether a label is present."""
    return blocks.some(values, lambda block: block == TrueLabel.PRESENT)
