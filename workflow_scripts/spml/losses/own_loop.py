"""Any loss of the catalog in a training loop of your own: one model, logits [B, L] of some rows, a scalar to call ``backward`` on.

``for_observed``, ``for_full`` and ``for_both`` take the labels of all training rows once and bring them into the code of the
losses. The loop then passes row numbers; a loss that keeps something for each row, or changes with the epoch, works as in the
pipeline. docs/library.md has a complete loop.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spml.losses import loop_inputs, targets
from spml.losses.catalog import LOSSES
from spml.losses.registry import Loss
from spml.losses.stateful import make_loss
from spml.losses.training_loss import Maps, RunContext
from spml.runtime.errors import InputError

SEEDS = -(2**63), 2**64 - 1  # those of PyTorch


def for_observed(
    name: str,
    observed: np.ndarray,
    *,
    epochs: int,
    true: np.ndarray | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **hyperparameters: Any,
) -> "LoopLoss":
    """Return a loss on observed labels.

    Parameters
    ----------
    name
        One of ``LOSSES``.
    observed
        int [N, L], ``ObservedLabel``: 1 present, 0 unobserved, -1 observed to be absent; a row per training image.
    epochs
        The number of epochs of the training.
    true
        int [N, L], ``TrueLabel``, for the loss that learns from true negatives; others do not read it.
    seed
        Draws what a loss draws at its start.
    device
        Where the logits will be.
    hyperparameters
        Those of the loss by name; others have their defaults.

    Raises
    ------
    InputError
        When there is no such loss or hyperparameter, a value is out of its range, or the loss needs other labels.
    """
    loss = _known(name)
    observed = loop_inputs.codes("observed", observed)
    known = np.full_like(observed, -1) if true is None else loop_inputs.codes("true", true)
    loop_inputs.require_same_shape("true", known, observed)
    labels = targets.encode_observed_labels(name, "observed", observed, known)
    if loss.needs == "true negatives":
        loop_inputs.require_no_contradiction(observed, known)
    targets.require_positives("observed", labels)
    return LoopLoss(loss, labels, epochs, seed, device, hyperparameters)


def for_full(
    name: str,
    labels: np.ndarray,
    *,
    epochs: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **hyperparameters: Any,
) -> "LoopLoss":
    """Return a loss on pseudo-labels or true labels; parameters and errors as of ``for_observed``.

    ``labels`` are int [N, L], ``PseudoLabel`` or ``TrueLabel``: 1 present, 0 absent, -1 ignored; or targets in [0, 1] of a
    floating type.
    """
    loss = _known(name)
    encoded = targets.encode_full_labels(name, "labels", loop_inputs.codes_or_targets("labels", labels))
    targets.require_positives("labels", encoded)
    return LoopLoss(loss, encoded, epochs, seed, device, hyperparameters)


def for_both(
    name: str,
    observed: np.ndarray,
    pseudo: np.ndarray,
    *,
    epochs: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **hyperparameters: Any,
) -> "LoopLoss":
    """Return a loss that tells observed labels from pseudo-labels, both [N, L]; the rest as of ``for_observed``."""
    loss = _known(name)
    observed, pseudo = loop_inputs.codes("observed", observed), loop_inputs.codes_or_targets("pseudo", pseudo)
    loop_inputs.require_same_shape("pseudo", pseudo, observed)
    labels = targets.encode_both(name, "pseudo", observed, pseudo)
    targets.require_positives("pseudo", labels)
    return LoopLoss(loss, labels, epochs, seed, device, hyperparameters)


class LoopLoss:
    """A loss for the length of one training run of one model.

    ``labels`` [N, L] are those of all training rows, in the code ``LossLabel``, or soft targets. ``scheduled``: whether the
    loss changes from epoch to epoch; then the loop must call ``start_epoch`` and ``end_epoch``, and train for all epochs.
    """

    def __init__(
        self,
        loss: Loss,
        labels: np.ndarray,
        epochs: int,
        seed: int,
        device: torch.device | str,
        hyperparameters: Mapping[str, Any],
    ) -> None:
        epochs = loop_inputs.whole_number("epochs", epochs, 1, sys.maxsize, "1 or more")
        seed = loop_inputs.whole_number("seed", seed, *SEEDS, "of 64 bits")
        loop_inputs.require_hyperparameters(loss, hyperparameters, epochs)
        self.name, self.epochs = loss.name, epochs
        self.labels = torch.from_numpy(np.ascontiguousarray(labels)).to(device)
        self._loss = make_loss(loss.name, hyperparameters, RunContext([seed], epochs, lambda: [self.labels]))
        self.scheduled = self._loss.scheduled
        self._started, self._ended = 0, 0
        for tensor in self._loss.parameters.values():
            tensor.requires_grad_()

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Return what the loss trains beside the model, as groups for an optimiser of this learning rate; often none."""
        tensors = list(self._loss.parameters.values())
        return [{"params": tensors, "lr": self._loss.rate * learning_rate}] if tensors else []

    def start_epoch(self, epoch: int) -> None:
        """Prepare an epoch; they count from 1.

        Raises
        ------
        RuntimeError
            When a loss that changes with the epoch has not ended the one before.
        """
        if not 1 <= epoch <= self.epochs:
            raise ValueError(f"epoch: found {epoch}, wanted 1 to {self.epochs}, the epochs that the loss was made for")
        if self.scheduled and epoch != self._ended + 1:
            raise RuntimeError(
                f"loss {self.name}: epoch {epoch} cannot start, since epoch {self._ended} was the last to end; call "
                "end_epoch after each epoch, or load_state_dict before going on"
            )
        self._started = epoch
        self._loss.start_epoch(epoch)

    def __call__(self, logits: Tensor, rows: Tensor | np.ndarray | Sequence[int], maps: Maps | None = None) -> Tensor:
        """Return the loss, a scalar, of logits [B, L] of the training rows with these numbers, whole numbers [B].

        A call may change what is kept for these rows: pass each batch once. ``maps`` are the score maps of a trained
        backbone, for the loss that reads them; it takes ``Maps`` with C = 1.
        """
        if self.scheduled and self._started == self._ended:
            raise RuntimeError(f"loss {self.name}: no epoch has started; call start_epoch before its first batch")
        if self._loss.needs_maps and maps is None:
            raise RuntimeError(f"loss {self.name}: found no score maps; pass those of the backbone, as maps")
        numbers = loop_inputs.row_numbers(rows, self.labels)
        labels = self.labels[numbers]
        loop_inputs.require_logits(logits, labels)
        return self._loss(logits.unsqueeze(0), labels, numbers, maps)[0]

    @torch.no_grad()
    def end_epoch(self, epoch: int, predict: Callable[[], Tensor]) -> None:
        """Finish an epoch; ``predict`` returns logits [N, L] of all training rows, in evaluation mode.

        It is called only by losses that need them, at the ends of some epochs.
        """
        if epoch != self._started:
            raise RuntimeError(f"loss {self.name}: epoch {epoch} cannot end; the last that started is {self._started}")

        def predicted() -> Iterator[Tensor]:
            logits = predict().detach()
            loop_inputs.require_logits(logits, self.labels)
            yield logits.unsqueeze(0)

        self._loss.end_epoch(epoch, predicted)
        self._ended = epoch

    def state_dict(self) -> dict[str, Tensor]:
        """Return what a stopped run needs to go on after its last whole epoch, not copied."""
        about = {loop_inputs.EPOCH: torch.tensor(self._ended), loop_inputs.NAME: loop_inputs.name_state(self.name)}
        return {**self._loss.state(), **about}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state_dict`` returned for the same loss on the same labels.

        Raises
        ------
        InputError
            When the state is of another loss, of labels of another shape, of a longer training, or not whole.
        """
        self._started = self._ended = loop_inputs.epoch_of_state(self.name, self._loss, state)
        self._loss.load_state({key: state[key] for key in state if key not in (loop_inputs.EPOCH, loop_inputs.NAME)})


def _known(name: str) -> Loss:
    if name not in LOSSES:
        raise InputError(f"loss: found {name!r}, wanted one of {', '.join(LOSSES)}")
    return LOSSES[name]
