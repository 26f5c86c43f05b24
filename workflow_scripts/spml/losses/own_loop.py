"""Any loss of the catalog in a training loop of your own: one model, logits [B, L] of some rows, a scalar to call ``backward`` on.

``for_observed``, ``for_full`` and ``for_both`` take the labels of all training rows once and bring them into the code of the
losses. The loop then passes row numbers; a loss that keeps something for each row, or changes with the epoch, works as in the
pipeline. docs/library.md has a complete loop.
"""

import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spml.losses import targets
from spml.losses.catalog import LOSSES
from spml.losses.registry import Loss
from spml.losses.stateful import make_loss
from spml.losses.training_loss import Maps, RunContext
from spml.registry import REQUIRED, Hyperparameter
from spml.runtime.errors import InputError

EPOCH = "epoch"  # in a state dict


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
    known = np.full(np.shape(observed), -1, np.int8) if true is None else _codes("true", true, (-1, 0, 1))
    if known.shape != np.shape(observed):
        raise InputError(f"true: found shape {known.shape}, wanted that of observed, {np.shape(observed)}")
    labels = targets.encode_observed_labels(name, "observed", _codes("observed", observed, (-1, 0, 1)), known)
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
    encoded = targets.encode_full_labels(name, "labels", _targets("labels", labels))
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
    if np.shape(observed) != np.shape(pseudo):
        raise InputError(f"pseudo: found shape {np.shape(pseudo)}, wanted that of observed, {np.shape(observed)}")
    pseudo = _targets("pseudo", pseudo)
    labels = targets.encode_both(name, "pseudo", _codes("observed", observed, (-1, 0, 1)), pseudo)
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
        if epochs < 1:
            raise InputError(f"epochs: found {epochs}, wanted 1 or more")
        _require_hyperparameters(loss, hyperparameters)
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

    def __call__(self, logits: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        """Return the loss, a scalar, of logits [B, L] of the training rows with these numbers, int64 [B].

        A call may change what is kept for these rows: pass each batch once. ``maps`` are the score maps of a trained
        backbone, for the loss that reads them; it takes ``Maps`` with C = 1.
        """
        if self.scheduled and self._started == self._ended:
            raise RuntimeError(f"loss {self.name}: no epoch has started; call start_epoch before its first batch")
        if self._loss.needs_maps and maps is None:
            raise RuntimeError(f"loss {self.name}: found no score maps; pass those of the backbone, as maps")
        rows = rows.to(self.labels.device)
        if not len(rows) or int(rows.min()) < 0 or int(rows.max()) >= len(self.labels):
            raise ValueError(
                f"rows: found none, or one outside 0 to {len(self.labels) - 1:,}; wanted numbers of training rows"
            )
        labels = self.labels[rows]
        if logits.shape != labels.shape:
            raise ValueError(
                f"logits: found shape {tuple(logits.shape)}, wanted {tuple(labels.shape)}, [rows, categories]"
            )
        return self._loss(logits.unsqueeze(0), labels, rows, maps)[0]

    @torch.no_grad()
    def end_epoch(self, epoch: int, predict: Callable[[], Tensor]) -> None:
        """Finish an epoch; ``predict`` returns logits [N, L] of all training rows, in evaluation mode.

        It is called only by losses that need them, at the ends of some epochs.
        """
        if epoch != self._started:
            raise RuntimeError(f"loss {self.name}: epoch {epoch} cannot end; the last that started is {self._started}")
        self._loss.end_epoch(epoch, lambda: iter([predict().detach().unsqueeze(0)]))
        self._ended = epoch

    def state_dict(self) -> dict[str, Tensor]:
        """Return what a stopped run needs to go on after its last whole epoch, not copied."""
        return {**self._loss.state(), EPOCH: torch.tensor(self._ended)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state_dict`` returned for the same loss on the same labels."""
        self._started = self._ended = int(state[EPOCH])
        self._loss.load_state({name: tensor for name, tensor in state.items() if name != EPOCH})


def _known(name: str) -> Loss:
    if name not in LOSSES:
        raise InputError(f"loss: found {name!r}, wanted one of {', '.join(LOSSES)}")
    return LOSSES[name]


def _codes(argument: str, labels: np.ndarray, codes: tuple[int, ...]) -> np.ndarray:
    """Return labels [N, L] as int8; raise InputError where a value is no code."""
    labels = np.asarray(labels)
    if labels.ndim != 2 or not np.isin(labels, codes).all():
        raise InputError(
            f"{argument}: found shape {labels.shape} with values {np.unique(labels)[:5].tolist()}; wanted a matrix "
            f"[images, categories] of {', '.join(map(str, codes))}"
        )
    return labels.astype(np.int8)


def _targets(argument: str, labels: np.ndarray) -> np.ndarray:
    """Return pseudo-labels [N, L] as int8, or targets as float32; raise InputError where a value is neither."""
    labels = np.asarray(labels)
    if labels.dtype.kind != "f":
        return _codes(argument, labels, (-1, 0, 1))
    if labels.ndim != 2 or not ((labels >= 0) & (labels <= 1)).all():
        raise InputError(
            f"{argument}: found shape {labels.shape}, targets outside [0, 1], or NaN; wanted probabilities [images, categories]"
        )
    return labels.astype(np.float32)


def _require_hyperparameters(loss: Loss, values: Mapping[str, Any]) -> None:
    """Raise InputError where a hyperparameter has no value, is unknown or out of its range."""
    known = {parameter.name: parameter for parameter in loss.hyperparameters}
    if unknown := sorted(set(values) - set(known)):
        raise InputError(f"loss {loss.name}: found {unknown[0]}, wanted {', '.join(known) or 'no hyperparameter'}")
    for name, parameter in known.items():
        wanted = parameter.description.partition("; null")[0]  # null leaves it to the pipeline's section priors
        if name not in values and parameter.default in (None, REQUIRED):
            raise InputError(f"loss {loss.name}: {name} is missing, {wanted}")
        if name in values and not _is_in_range(parameter, values[name]):
            raise InputError(f"loss {loss.name}: found {name} = {values[name]!r}, wanted {wanted}")


def _is_in_range(parameter: Hyperparameter, value: Any) -> bool:
    """Return whether a value has the kind and lies within the bounds of a hyperparameter: losses have numbers and pairs."""
    kind = numbers.Integral if parameter.kind == "integer" else numbers.Real
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if len(parts) != (2 if parameter.kind == "pair" else 1) or not all(isinstance(part, kind) for part in parts):
        return False
    return all(
        (parameter.above is None or number > parameter.above)
        and (parameter.minimum is None or number >= parameter.minimum)
        and (parameter.below is None or number < parameter.below)
        and (parameter.maximum is None or number <= parameter.maximum)
        for number in map(float, parts)
    )
