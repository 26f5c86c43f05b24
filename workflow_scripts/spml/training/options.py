"""The settings of one training run, and the grid of candidates that they span."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    standardize
        Whether features are scaled to mean 0 and standard deviation 1 over the training rows.
    epochs, batch_sizes, learning_rates
        The number of epochs, and the grid: batch sizes x learning rates.
    """

    loss: str
    head: str
    epochs: int
    batch_sizes: tuple[int, ...]
    learning_rates: tuple[float, ...]
    standardize: bool
    hidden: int = 0
    dropout: float = 0.0
    hyperparameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    supervision: Supervision = "full"
    select_on: SelectOn = "true_labels"

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "TrainingOptions":
        """Return the options of one model's section of the config, whose ``loss`` is {"name": ..., hyperparameters}.

        ``hidden``, ``dropout`` and ``supervision`` may be absent: a linear head has no hidden units, and pseudo-labels
        are full supervision.
        """
        loss = dict(options["loss"])
        return cls(
            loss=loss.pop("name"),
            hyperparameters=loss,
            supervision=options.get("supervision", "full"),
            select_on=options["select_on"],
            head=options["head"],
            hidden=options.get("hidden", 0),
            dropout=options.get("dropout", 0.0),
            standardize=options["standardize"],
            epochs=options["epochs"],
            batch_sizes=tuple(options["batch_sizes"]),
            learning_rates=tuple(options["learning_rates"]),
        )

    def with_hyperparameters(self, **hyperparameters: Any) -> "TrainingOptions":
        """Return the same options with some hyperparameters of the loss replaced."""
        return dataclasses.replace(self, hyperparameters={**self.hyperparameters, **hyperparameters})

    @property
    def grid(self) -> list[Candidate]:
        """All candidates, the learning rates of the first batch size first."""
        return [Candidate(size, rate) for size in self.batch_sizes for rate in self.learning_rates]

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
