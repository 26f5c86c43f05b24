"""The settings of one model whose backbone is trained, and its candidates."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spml.training.options import SelectOn, Supervision


@dataclass(frozen=True)
class FinetuneOptions:
    """The settings of one model whose backbone is trained.

    Attributes
    ----------
    mode
        ``end_to_end``: backbone and head from the first step on; ``linear_init``: the same, with a head that was trained on
        frozen features before.
    loss, hyperparameters, supervision, select_on
        As in spml.training.options.TrainingOptions.
    head, hidden, dropout
        ``linear`` or ``mlp``; the number of hidden units and their dropout, both 0 for a linear head.
    augment
        The names of the changes to training pictures, in the order in which they are made (spml.finetuning.augmentation).
    epochs, patience
        The number of epochs at most; after how many without a gain in validation mAP training stops, None for never.
    schedule
        The learning rate over the steps: ``constant``, or ``one_cycle`` (up to the rate of the candidate, then down).
    weight_average, weight_decay
        The decay per step of the average of the weights that is validated and kept, 0 for the weights themselves; the
        decoupled decay of all weights but biases and normalisation.
    freeze_batch_norm
        Whether batch normalisation keeps the statistics of the pretrained weights.
    micro_batch
        How many pictures go through the network at a time, None for the whole batch. The loss sees the whole batch.
    """

    mode: Literal["end_to_end", "linear_init"]
    loss: str
    head: str
    epochs: int
    hidden: int = 0
    dropout: float = 0.0
    augment: tuple[str, ...] = ()
    schedule: Literal["constant", "one_cycle"] = "constant"
    weight_average: float = 0.0
    weight_decay: float = 0.0
    patience: int | None = None
    freeze_batch_norm: bool = False
    micro_batch: int | None = None
    hyperparameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    supervision: Supervision = "full"
    select_on: SelectOn = "true_labels"

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "FinetuneOptions":
        """Return the options of one model's section of the config, whose ``loss`` is {"name": ..., hyperparameters}."""
        loss = dict(options["loss"])
        return cls(
            mode=options["mode"],
            loss=loss.pop("name"),
            hyperparameters=loss,
            supervision=options.get("supervision", "full"),
            select_on=options["select_on"],
            head=options["head"],
            hidden=options.get("hidden", 0),
            dropout=options.get("dropout", 0.0),
            augment=tuple(options["augment"]),
            epochs=options["epochs"],
            patience=options["patience"],
            schedule=options["schedule"],
            weight_average=options["weight_average"],
            weight_decay=options["weight_decay"],
            freeze_batch_norm=options["freeze_batch_norm"],
            micro_batch=options["micro_batch"],
        )

    def with_hyperparameters(self, **hyperparameters: Any) -> "FinetuneOptions":
        """Return the same options with some hyperparameters of the loss replaced."""
        return dataclasses.replace(self, hyperparameters={**self.hyperparameters, **hyperparameters})

    @property
    def loss_settings(self) -> dict[str, Any]:
        """The loss as the config has it: {"name": ..., hyperparameters}."""
        return {"name": self.loss, **self.hyperparameters}
