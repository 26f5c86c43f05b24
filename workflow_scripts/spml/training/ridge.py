"""Ridge regression in closed form: every penalty of a path from one decomposition, the best by validation mAP.

The targets are 1 where a label is present, 0 where it is absent or unobserved, or soft targets. Scores become logits by a
logistic fit per category on the validation labels (spml.evaluation.platt).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spml.artifacts import blocks
from spml.artifacts.codes import LossLabel
from spml.artifacts.decompositions import Decomposition
from spml.evaluation import platt
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.runtime.errors import InputError
from spml.runtime.log import Progress
from spml.training.decomposition import Rows
from spml.training.options import RidgeOptions
from spml.training.supervision import TrainingLabels

SCORES = 1 << 25  # validation scores that are computed in one pass over the rows


@dataclass
class Penalty:
    """A row of the history: the mean squared error on training rows and the validation mAP of one penalty."""

    penalty: float
    loss: float
    val_map: float


@dataclass
class Fitted:
    """The regression with the chosen penalty; its weights take features as they are stored, or kernel values."""

    weights: dict[str, np.ndarray]
    penalty: float
    val_map: float
    history: list[Penalty]


def regress(
    training: Rows,
    validation: Rows,
    training_labels: TrainingLabels,
    selection_labels: np.ndarray,
    decomposition: Decomposition,
    options: RidgeOptions,
    name: str,
) -> Fitted:
    """Return the regression on labels [N, L] that is best by validation mAP, the first of equals.

    Raises
    ------
    InputError
        When a label is ignored: a closed form leaves no entry out.
    """
    targets = _targets(training_labels)
    mean, directions, values = map(
        torch.from_numpy, (decomposition.mean, decomposition.directions, decomposition.eigenvalues)
    )
    average = _column_sums(targets, 1) / len(targets)
    projected = directions.T @ _products(training, targets, mean.float(), name)  # [R, L]
    squares = (_column_sums(targets, 2) - len(targets) * average.square()).sum().item()
    weights, history = [], []
    for penalty in options.penalties:
        strength = penalty * decomposition.mean_eigenvalue
        shrunk = (values + strength).unsqueeze(1)
        weights.append((directions @ (projected / shrunk)).float())
        explained = (projected.square() * (values.unsqueeze(1) + 2 * strength) / shrunk.square()).sum().item()
        history.append(Penalty(penalty, (squares - explained) / targets.numel(), float("nan")))
    best = 0
    for number, scores in _scores(validation, weights, mean.float(), average.float()):
        history[number].val_map = mean_average_precision(average_precision(scores, selection_labels))[0]
        if number == 0 or history[number].val_map > history[best].val_map:
            best, chosen = number, scores
    slope, offset = platt.fit_logits(chosen, selection_labels)
    weight = weights[best].double() * torch.from_numpy(slope)
    bias = average * torch.from_numpy(slope) + torch.from_numpy(offset) - mean @ weight
    heads = {"output.weight": weight.T.float().contiguous().numpy(), "output.bias": bias.float().numpy()}
    return Fitted(heads, history[best].penalty, history[best].val_map, history)


def _targets(labels: TrainingLabels) -> Tensor:
    """Return labels in the losses' code as targets [N, L]: 1 where present, else 0; soft targets as they are."""
    values = labels.values
    if values.dtype.kind == "f":
        return torch.from_numpy(values)
    ignored = blocks.count(values, lambda block: block == LossLabel.IGNORED)
    if ignored:
        raise InputError(
            f"{labels.path}: {ignored:,} of {values.size:,} training labels are unknown or ignored, but head ridge learns "
            "from every label; wanted a rule that decides each, or another head"
        )
    return torch.from_numpy((values == LossLabel.PRESENT).view(np.int8))


def _column_sums(targets: Tensor, power: int) -> Tensor:
    """Return the sum of a power of each column, float64 [L]."""
    return torch.stack([block.double().pow(power).sum(0) for block in targets.split(4096)]).sum(0)


def _products(training: Rows, targets: Tensor, mean: Tensor, name: str) -> Tensor:
    """Return the products of centred features and targets, float64 [M, L], summed over the rows."""
    products = torch.zeros(training.width, targets.shape[1], dtype=torch.float64)
    progress = Progress(name, len(training), "rows")
    for part, features in training.blocks():
        products += (features - mean).T @ targets[part].float()
        progress.advance(len(features))
    progress.finish()
    return products


def _scores(validation: Rows, weights: list[Tensor], mean: Tensor, average: Tensor) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of each penalty and its scores of the validation rows, float32 [n, L]."""
    size = len(validation) * len(average)
    together = max(1, SCORES // max(size, 1))
    for start in range(0, len(weights), together):
        group = torch.cat(weights[start : start + together], dim=1)  # [M, penalties * L]
        scores = torch.cat([(features - mean) @ group for _, features in validation.blocks()])
        for number, part in enumerate(scores.split(len(average), dim=1)):
            yield start + number, (part + average).numpy()
