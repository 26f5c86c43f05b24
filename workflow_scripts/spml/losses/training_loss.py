"""A loss for the length of one training run.

The training loop calls ``start_epoch``, the loss itself for each batch, and ``end_epoch``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor


def in_single_precision(labels: Tensor) -> Tensor:
    """Return labels as losses take them: targets that are held in half precision as float32, codes as they are."""
    return labels.float() if labels.is_floating_point() else labels


@dataclass(frozen=True)
class RunContext:
    """The facts about a training run that its loss may use.

    ``seeds``: one for each candidate; ``epochs``: their number; ``labels``: returns blocks [n, L] of the training
    labels in order.
    """

    seeds: Sequence[int]
    epochs: int
    labels: Callable[[], Iterable[Tensor]]


class Maps(NamedTuple):
    """The score maps of a batch, and the view of each picture that they show.

    Attributes
    ----------
    values
        [C, B, L, G, G], scores (logits) of the cells; the first of the two last dimensions counts rows from above.
    box
        float32 [B, 4], left, upper, width and height of the view as shares of the picture.
    flipped
        bool [B], whether the view shows that box with left and right exchanged.
    """

    values: Tensor
    box: Tensor
    flipped: Tensor


class TrainingLoss:
    """A loss for the length of one training run; this one has no state.

    ``parameters`` are tensors [C, ...] that are trained along with the heads, at ``rate`` times their learning rate.
    ``hyperparameters`` are what the function ``loss`` is called with; a subclass may change them with the epoch.
    Those named in ``OWN`` are for the class, which has them as ``own``.
    ``STATE`` names the attributes that outlast a batch: tensors, or None until there is one. All else follows from the
    labels and from ``start_epoch``.
    ``scheduled``: whether the loss changes from epoch to epoch, so that training must not stop before the last.
    ``needs_maps``: whether it is to be called with the score maps of the batch.
    """

    OWN: tuple[str, ...] = ()
    STATE: tuple[str, ...] = ()
    rate = 1.0
    scheduled = False
    needs_maps = False

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        self.loss, self.run = loss, run
        self.own = {name: hyperparameters[name] for name in self.OWN}
        self.hyperparameters = {name: value for name, value in hyperparameters.items() if name not in self.OWN}
        self.parameters: dict[str, Tensor] = {}

    def start_epoch(self, epoch: int) -> None:
        """Prepare an epoch; epochs count from 1."""

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        """Return the losses [C] of logits [C, B, L] and labels [B, L] of the training rows with these numbers [B].

        A call may change the state of these rows, so that a batch must be passed once and whole.
        """
        return self.loss(logits, labels, **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        """Finish an epoch; ``predictions`` yields logits [C, n, L] of all training rows in order, without dropout."""

    def state(self) -> dict[str, Tensor]:
        """Return the tensors that outlast an epoch by name, not copied: ``parameters`` and those of ``STATE``."""
        kept = {name: getattr(self, name) for name in self.STATE}
        kept |= {name: tensor.detach() for name, tensor in self.parameters.items()}
        return {name: tensor for name, tensor in kept.items() if tensor is not None}

    def state_shapes(self, epoch: int) -> dict[str, tuple[int | None, ...]]:
        """Return the shapes of what ``state`` has after an epoch; None stands for any size."""
        return {name: tuple(tensor.shape) for name, tensor in self.state().items()}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over copies of what ``state`` returned after an epoch of the same run."""
        for name, tensor in self.parameters.items():
            tensor.copy_(state[name])  # in place: optimisers hold it
        for name in self.STATE:
            own, kept = getattr(self, name), state.get(name)
            device = None if own is None else own.device
            setattr(self, name, None if kept is None else kept.to(device, copy=True))
