"""A loss for the length of one training run.

The training loop calls ``start_epoch``, the loss itself for each batch, and ``end_epoch``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class RunContext:
    """The facts about a training run that its loss may use.

    ``seeds``: one for each candidate; ``epochs``: their number; ``labels``: returns blocks [n, L] of the training
    labels in order.
    """

    seeds: Sequence[int]
    epochs: int
    labels: Callable[[], Iterable[Tensor]]


class TrainingLoss:
    """A loss for the length of one training run; this one has no state.

    ``parameters`` are tensors [C, ...] that are trained along with the heads, at ``rate`` times their learning rate.
    ``hyperparameters`` are what the function ``loss`` is called with; a subclass may change them with the epoch.
    Those named in ``OWN`` are for the class, which has them as ``own``.
    ``scheduled``: whether the loss changes from epoch to epoch, so that training must not stop before the last.
    """

    OWN: tuple[str, ...] = ()
    rate = 1.0
    scheduled = False

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        self.loss, self.run = loss, run
        self.own = {name: hyperparameters[name] for name in self.OWN}
        self.hyperparameters = {name: value for name, value in hyperparameters.items() if name not in self.OWN}
        self.parameters: dict[str, Tensor] = {}

    def start_epoch(self, epoch: int) -> None:
        """Prepare an epoch; epochs count from 1."""

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        """Return the losses [C] of logits [C, B, L] and labels [B, L] of the training rows with these numbers [B]."""
        return self.loss(logits, labels, **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        """Finish an epoch; ``predictions`` yields logits [C, n, L] of all training rows in order, without dropout."""
