"""What a training loop of somebody else hands to a loss, checked: labels, whole numbers, hyperparameters, rows, logits and states."""

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.losses.registry import Loss, is_all_warmup
from spml.losses.training_loss import TrainingLoss
from spml.registry import REQUIRED, Hyperparameter
from spml.runtime.errors import InputError

EPOCH, NAME = "epoch", "loss"  # in a state dict


def codes(argument: str, labels: np.ndarray) -> np.ndarray:
    """Return labels [N, L] as int8; raise InputError where a value is no code."""
    labels = _matrix(argument, labels)
    if not np.isin(labels, (-1, 0, 1)).all():
        raise InputError(
            f"{argument}: found shape {labels.shape} with values {np.unique(labels)[:5].tolist()}; wanted a matrix "
            "[images, categories] of -1, 0, 1"
        )
    return labels.astype(np.int8)


def codes_or_targets(argument: str, labels: np.ndarray) -> np.ndarray:
    """Return pseudo-labels [N, L] as int8, or targets as float32; raise InputError where a value is neither."""
    labels = _matrix(argument, labels)
    if labels.dtype.kind != "f":
        return codes(argument, labels)
    if not ((labels >= 0) & (labels <= 1)).all():
        raise InputError(
            f"{argument}: found shape {labels.shape}, targets outside [0, 1], or NaN; wanted probabilities [images, categories]"
        )
    return labels.astype(np.float32)


def _matrix(argument: str, labels: Any) -> np.ndarray:
    """Return labels, an array, a tensor or a list of rows, as an array of numbers [N, L]."""
    if isinstance(labels, Tensor):
        if labels.requires_grad:
            raise InputError(
                f"{argument}: found a tensor that requires a gradient, wanted one that does not, as of detach()"
            )
        labels = (labels.float() if labels.dtype == torch.bfloat16 else labels).cpu()  # NumPy has no bfloat16
    try:
        array = np.asarray(labels)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(
            f"{argument}: found no matrix, as rows of several lengths; wanted numbers [images, categories]"
        ) from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"{argument}: found values of type {array.dtype}, wanted numbers [images, categories]")
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{argument}: found shape {array.shape}, wanted a matrix [images, categories] with at least one of each"
        )
    return array


def require_same_shape(argument: str, labels: np.ndarray, observed: np.ndarray) -> None:
    """Raise InputError where labels have not the shape of observed labels."""
    if labels.shape != observed.shape:
        raise InputError(f"{argument}: found shape {labels.shape}, wanted that of observed, {observed.shape}")


def require_no_contradiction(observed: np.ndarray, true: np.ndarray) -> None:
    """Raise InputError where an observed label [N, L] says otherwise than the true one."""
    wrong = (observed == ObservedLabel.PRESENT) & (true == TrueLabel.ABSENT)
    wrong |= (observed == ObservedLabel.ABSENT) & (true == TrueLabel.PRESENT)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"true: found {wrong.sum():,} labels that contradict observed, the first in row {row}, column {column}; "
            "wanted none"
        )


def whole_number(argument: str, value: Any, least: int, most: int, wanted: str) -> int:
    """Return a whole number as an int; raise InputError where it is none, or out of its range."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not least <= int(value) <= most:
        raise InputError(f"{argument}: found {value!r}, wanted a whole number, {wanted}")
    return int(value)


def require_hyperparameters(loss: Loss, values: Mapping[str, Any], epochs: int) -> None:
    """Raise InputError where a hyperparameter has no value, is unknown, out of its range, or leaves no epoch."""
    known = {parameter.name: parameter for parameter in loss.hyperparameters}
    if unknown := sorted(set(values) - set(known)):
        raise InputError(f"loss {loss.name}: found {unknown[0]}, wanted {', '.join(known) or 'no hyperparameter'}")
    for name, parameter in known.items():
        wanted = parameter.description.partition("; null")[0]  # null leaves it to the pipeline's section priors
        if name not in values and parameter.default in (None, REQUIRED):
            raise InputError(f"loss {loss.name}: {name} is missing, {wanted}")
        if name in values and not _is_in_range(parameter, values[name]):
            raise InputError(f"loss {loss.name}: found {name} = {values[name]!r}, wanted {wanted}")
    settings = {**loss.defaults(), **values}
    if is_all_warmup(settings, epochs):
        raise InputError(
            f"loss {loss.name}: found warmup = {settings['warmup']}, wanted fewer than the {epochs} epochs"
        )


def _is_in_range(parameter: Hyperparameter, value: Any) -> bool:
    """Return whether a value has the kind and lies within the bounds of a hyperparameter: losses have numbers and pairs."""
    kind = numbers.Integral if parameter.kind == "integer" else numbers.Real
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if len(parts) != (2 if parameter.kind == "pair" else 1):
        return False
    if not all(isinstance(part, kind) and not isinstance(part, bool) for part in parts):
        return False
    return all(
        (parameter.above is None or number > parameter.above)
        and (parameter.minimum is None or number >= parameter.minimum)
        and (parameter.below is None or number < parameter.below)
        and (parameter.maximum is None or number <= parameter.maximum)
        for number in map(float, parts)
    )


def row_numbers(rows: Tensor | np.ndarray | Sequence[int], labels: Tensor) -> Tensor:
    """Return numbers of training rows as int64 [B], on the device of their labels [N, L]; raise ValueError where they are none."""
    try:
        found = torch.as_tensor(rows, device=labels.device)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"rows: found {type(rows).__name__} without numbers, wanted numbers of training rows"
        ) from None
    if found.ndim != 1 or (len(found) and (found.dtype == torch.bool or found.dtype.is_floating_point)):
        raise ValueError(
            f"rows: found shape {tuple(found.shape)} of {found.dtype}, wanted numbers of training rows, a whole number for each"
        )
    found = found.long()  # uint8 would be taken for a mask
    if not len(found) or int(found.min()) < 0 or int(found.max()) >= len(labels):
        raise ValueError(f"rows: found none, or one outside 0 to {len(labels) - 1:,}; wanted numbers of training rows")
    return found


def require_logits(logits: Tensor, labels: Tensor) -> None:
    """Raise ValueError where logits have not the shape of the labels of their rows."""
    if logits.shape != labels.shape:
        raise ValueError(f"logits: found shape {tuple(logits.shape)}, wanted {tuple(labels.shape)}, [rows, categories]")


def name_state(name: str) -> Tensor:
    """Return the name of a loss as a tensor, as a state dict holds it."""
    return torch.tensor(list(name.encode()), dtype=torch.uint8)


def epoch_of_state(name: str, loss: TrainingLoss, state: Mapping[str, Tensor]) -> int:
    """Return the epoch after which a state was taken; raise InputError where it is not one of this loss on such labels."""
    if NAME not in state or EPOCH not in state:
        raise InputError(f"state: found the keys {', '.join(state) or 'none'}; wanted {EPOCH} and {NAME} among them")
    if (found := bytes(state[NAME].tolist()).decode()) != name:
        raise InputError(f"state: found one of loss {found}, wanted one of loss {name}")
    epoch = whole_number("state: epoch", int(state[EPOCH]), 0, loss.run.epochs, f"from 0 to {loss.run.epochs}")
    kept = {key: tuple(tensor.shape) for key, tensor in state.items() if key not in (NAME, EPOCH)}
    wanted = loss.state_shapes(epoch)
    for key in [*wanted, *kept]:
        if key not in kept:
            raise InputError(f"state: {key} is missing, which loss {name} has after epoch {epoch}")
        if key not in wanted and key not in loss.STATE:
            raise InputError(
                f"state: found {key}, which loss {name} does not have; wanted {', '.join(wanted) or 'none'}"
            )
        sizes = wanted.get(key, kept[key])
        if len(sizes) != len(kept[key]) or any(a not in (b, None) for a, b in zip(sizes, kept[key], strict=True)):
            shown = ", ".join("any" if size is None else str(size) for size in sizes)
            raise InputError(f"state: {key}: found shape {kept[key]}, wanted ({shown})")
    return epoch
