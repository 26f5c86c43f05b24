"""The settings of one training run, and the grid of candidates that they span."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spml.training import grid

Supervision = Literal["full", "observed"]
SelectOn = Literal["true_labels", "observed_labels"]


@dataclass(frozen=True)
class Candidate:
    """One point of the grid. Its text is part of the seeds of the initial weights."""

    batch_size: int
    learning_rate: float

    def __str__(self) -> str:
        return f"batch size {self.batch_size}, learning rate {self.learning_rate:g}"


@dataclass(frozen=True)
class TrainingOptions:
    """The settings of one training run.

    Attributes
    ----------
    loss, hyperparameters
        The name of the loss and its settings.
    supervision
        ``full``: every label is known (true or pseudo-labels); ``observed``: some are unobserved.
    select_on
        The validation labels that the candidate and the epoch are selected on.
    head, hidden, dropout
        ``linear`` or ``mlp``; the number of hidden units and their dropout, both 0 for a linear head.
    penalties
        Those of a linear ridge regression, which is fitted to the same labels and kept where validation prefers it; none
        for the head alone.
    standardize, input_dropout
        Whether features are scaled to mean 0 and standard deviation 1 over the training rows; the share of them that is
        dropped in training after that.
    weight_average, weight_decay
        The decay per step of the average of the weights that is validated and kept, 0 for the weights themselves; the
        decoupled decay of the weights.
    epochs, patience
        The number of epochs at most; after how many without a gain in validation mAP a candidate stops, None for never.
    keep_loss_parameters
        Whether the model has what its loss trains along with the head: the estimates of role, for training to go on from.
    batch_sizes, learning_rates
        The grid. Learning rates ``auto`` are those of ``spml.training.grid``, for each batch size its own.
    """

    loss: str
    head: str
    epochs: int
    batch_sizes: tuple[int, ...]
    learning_rates: tuple[float, ...] | Literal["auto"]
    standardize: bool
    hidden: int = 0
    dropout: float = 0.0
    penalties: tuple[float, ...] = ()
    input_dropout: float = 0.0
    weight_average: float = 0.0
    weight_decay: float = 0.0
    patience: int | None = None
    hyperparameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    supervision: Supervision = "full"
    select_on: SelectOn = "true_labels"
    keep_loss_parameters: bool = False

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "TrainingOptions":
        """Return the options of one model's section of the config, whose ``loss`` is {"name": ..., hyperparameters}.

        ``hidden``, ``dropout``, ``supervision`` and ``keep_loss_parameters`` may be absent: a linear head has no hidden units,
        and pseudo-labels are full supervision. ``head`` auto is an MLP with the penalties of a ridge regression.
        """
        loss, rates = dict(options["loss"]), options["learning_rates"]
        return cls(
            loss=loss.pop("name"),
            hyperparameters=loss,
            supervision=options.get("supervision", "full"),
            select_on=options["select_on"],
            head="mlp" if options["head"] == "auto" else options["head"],
            penalties=tuple(options["penalties"]) if options["head"] == "auto" else (),
            hidden=options.get("hidden", 0),
            dropout=options.get("dropout", 0.0),
            standardize=options["standardize"],
            input_dropout=options["input_dropout"],
            weight_average=options["weight_average"],
            weight_decay=options["weight_decay"],
            epochs=options["epochs"],
            patience=options["patience"],
            batch_sizes=tuple(options["batch_sizes"]),
            learning_rates=rates if rates == "auto" else tuple(rates),
            keep_loss_parameters=options.get("keep_loss_parameters", False),
        )

    def with_hyperparameters(self, **hyperparameters: Any) -> "TrainingOptions":
        """Return the same options with some hyperparameters of the loss replaced."""
        return dataclasses.replace(self, hyperparameters={**self.hyperparameters, **hyperparameters})

    def next_rates(self, scores: Mapping[float, float]) -> tuple[float, ...]:
        """Return the learning rates to try for a batch size after those in ``scores``, rate to best validation mAP."""
        if self.learning_rates == "auto":
            return grid.next_rates(scores)
        return () if scores else self.learning_rates

    def position(self, candidate: Candidate) -> tuple[int, int]:
        """Return the place of a candidate in the grid: all learning rates of the first batch size come first."""
        rates = grid.LADDER if self.learning_rates == "auto" else self.learning_rates
        return self.batch_sizes.index(candidate.batch_size), rates.index(candidate.learning_rate)

    @property
    def ridge(self) -> "RidgeOptions | None":
        """The ridge regression that is fitted beside the head."""
        if not self.penalties:
            return None
        return RidgeOptions("squares", "linear", self.penalties, self.supervision, self.select_on)

    @property
    def loss_settings(self) -> dict[str, Any]:
        """The loss as the config has it: {"name": ..., hyperparameters}."""
        return {"name": self.loss, **self.hyperparameters}


@dataclass(frozen=True)
class RidgeOptions:
    """The settings of one ridge regression.

    Attributes
    ----------
    loss, supervision, select_on
        As in ``TrainingOptions``; the loss is ``squares``.
    kernel
        ``linear`` or ``rbf``.
    penalties
        The candidates, relative to the mean eigenvalue of the Gram matrix.
    """

    loss: str
    kernel: str
    penalties: tuple[float, ...]
    supervision: Supervision = "full"
    select_on: SelectOn = "true_labels"

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "RidgeOptions":
        """Return the options of one model's section of the config, whose ``head`` is ridge."""
        return cls(
            loss=options["loss"]["name"],
            kernel=options["kernel"],
            penalties=tuple(options["penalties"]),
            supervision=options.get("supervision", "full"),
            select_on=options["select_on"],
        )

    @property
    def head(self) -> str:
        """The kind of head that the checkpoint holds, as in spml.models.heads."""
        return "kernel" if self.kernel == "rbf" else "linear"

    @property
    def loss_settings(self) -> dict[str, Any]:
        """The loss as the config has it."""
        return {"name": self.loss}


def read_options(options: Mapping[str, Any]) -> TrainingOptions | RidgeOptions:
    """Return the options of one model's section of the config."""
    kind = RidgeOptions if options["head"] == "ridge" else TrainingOptions
    return kind.from_config(options)
