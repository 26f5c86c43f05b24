"""The labels that a model learns from, and those that it is selected on, from the files of labels."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from spml.artifacts import blocks, labels, priors
from spml.artifacts.codes import TrueLabel
from spml.losses import targets
from spml.losses.catalog import TAKES_BOTH
from spml.runtime.errors import InputError
from spml.training.options import RidgeOptions


class TrainingLabels(NamedTuple):
    """Labels of the training rows in the losses' code (int8, or targets of a floating type), [n, L], and the file they are from."""

    path: str
    values: np.ndarray

    @property
    def positives_per_image(self) -> float:
        """The mean number of positives per image, soft targets summed."""
        total = sum(
            float(part.sum(dtype=np.float64) if part.dtype.kind == "f" else np.count_nonzero(part > 0))
            for part in (self.values[rows] for rows in blocks.row_blocks(self.values.shape))
        )
        return total / len(self.values)


Labels = labels.Matrix | labels.MatrixFile


def from_true_labels(loss: str, true: Labels) -> TrainingLabels:
    """Return the true labels of the training rows, for full supervision.

    Raises
    ------
    InputError
        When no label is positive, or the labels are not what the loss needs.
    """
    values = true.select(true.rows("train"))
    targets.require_positives(true.path, values, " (an entry without supervision: full, where no true label is known?)")
    return TrainingLabels(true.path, targets.encode_full_labels(loss, true.path, values))


def from_observed_labels(loss: str, observed: Labels, true: Labels) -> TrainingLabels:
    """Return the observed labels of the training rows. The true labels serve the split, and the loss ``iun`` alone.

    Raises
    ------
    InputError
        When the files do not belong together, no label is positive, or the labels are not what the loss needs.
    """
    observed.require_same_as(true)
    rows = true.rows("train")
    values = observed.select(rows)
    targets.require_positives(observed.path, values)
    encoded = targets.encode_observed_labels(loss, observed.path, values, true.select(rows))
    return TrainingLabels(observed.path, encoded)


def from_pseudo_labels(loss: str, pseudo: Labels, true: Labels, split: str = "train") -> TrainingLabels:
    """Return pseudo-labels of a split: train, or pool.

    Raises
    ------
    InputError
        When the files do not belong together, no label is positive, or the labels are not what the loss needs.
    """
    pseudo.require_same_as(true)
    return from_pseudo_values(loss, pseudo.path, pseudo.select(true.rows(split)))


def from_both(loss: str, observed: Labels, pseudo: Labels, true: Labels) -> TrainingLabels:
    """Return the observed labels of the training rows with the pseudo-labels of what is unobserved, told apart.

    Raises
    ------
    InputError
        When the files do not belong together, no label is positive, or the loss does not take both.
    """
    observed.require_same_as(true)
    pseudo.require_same_as(true)
    rows = true.rows("train")
    encoded = targets.encode_both(loss, pseudo.path, observed.select(rows), pseudo.select(rows))
    targets.require_positives(pseudo.path, encoded, " (a lower τ?)")
    return TrainingLabels(pseudo.path, encoded)


def from_pseudo_values(loss: str, path: str, values: blocks.Rows) -> TrainingLabels:
    """Return pseudo-labels, or soft targets, [n, L] as labels to train on; ``path`` is their file, for messages.

    Raises
    ------
    InputError
        As ``from_pseudo_labels``.
    """
    targets.require_positives(path, values, " (a lower τ?)")
    return TrainingLabels(path, targets.encode_full_labels(loss, path, values))


def selection_labels(true: Labels, observed: Labels | None) -> np.ndarray:
    """Return the validation labels int8 [n, L] that a model is selected on: the observed ones if passed, else the true ones.

    Raises
    ------
    InputError
        When the files do not belong together, or no label is positive.
    """
    values = labels.selection_labels(true, observed)[:]
    if not (values == TrueLabel.PRESENT).any():
        source = observed.path if observed else true.path
        advice = "" if observed else " (validation.select_on: observed_labels, where no true label is known?)"
        raise InputError(
            f"{source}: no positive label among the {len(values):,} validation rows; wanted some to choose a model on{advice}"
        )
    return values


def of_training_rows(
    loss: str, supervision: str, true: Labels, observed: Labels | None, pseudo: Labels | None = None
) -> TrainingLabels:
    """Return the labels that a teacher or, with pseudo-labels, a student learns from; errors as the functions above.

    ``supervision`` is that of a teacher, ``full`` or ``observed``.
    """
    if pseudo is not None:
        if loss not in TAKES_BOTH:
            return from_pseudo_labels(loss, pseudo, true)
        assert observed is not None  # an input of the rule
        return from_both(loss, observed, pseudo, true)
    if supervision == "full":
        return from_true_labels(loss, true)
    assert observed is not None  # an input of the rule
    return from_observed_labels(loss, observed, true)


class Options(Protocol):
    """The options of a model."""

    @property
    def hyperparameters(self) -> Mapping[str, Any]: ...

    def with_hyperparameters(self, **hyperparameters: Any) -> Any: ...


AnyOptions = TypeVar("AnyOptions", bound=Options | RidgeOptions)


def with_expected_positives(options: AnyOptions, priors_path: str, categories: Sequence[str]) -> AnyOptions:
    """Return options whose loss expects as many positives per image as the class priors sum to, where its k is null.

    Raises
    ------
    InputError
        When the priors are of other categories.
    """
    if isinstance(options, RidgeOptions) or options.hyperparameters.get("k", 0) is not None:
        return options
    return options.with_hyperparameters(k=float(priors.read(priors_path, categories).sum()))
