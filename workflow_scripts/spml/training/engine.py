"""The training engine: one call trains every candidate of a grid and keeps the best by validation mAP."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.losses.closed_form import CLOSED_FORM, closed_value_and_gradient, label_weights, value_and_gradient
from spml.losses.stateful import RunContext, TrainingLoss
from spml.models.heads import (
    Weights,
    apply_heads,
    backward,
    count_weights,
    fold_standardisation,
    forward,
    initial_weights,
)
from spml.runtime.errors import InputError
from spml.runtime.log import Progress
from spml.training import seeds
from spml.training.adam import Adam
from spml.training.batches import Rows

CACHE = 12 << 20  # bytes that the candidates of a stack may fill, about a third of a common last-level cache


@dataclass(frozen=True)
class Candidate:
    """One point of the grid."""

    batch_size: int
    learning_rate: float

    def __str__(self) -> str:
        return f"batch size {self.batch_size}, learning rate {self.learning_rate:g}"


@dataclass
class Epoch:
    """A row of the history: what one candidate reached after one epoch."""

    batch_size: int
    learning_rate: float
    epoch: int
    loss: float
    val_map: float


@dataclass
class Trained:
    """The chosen candidate at its best epoch; the weights take features as they are stored."""

    weights: Weights
    candidate: Candidate
    epoch: int
    val_map: float
    history: list[Epoch]


def train(
    training: Rows,
    validation: Rows,
    make_loss: Callable[[RunContext], TrainingLoss],
    *,
    head: str,
    hidden: int,
    dropout: float,
    standardize: bool,
    epochs: int,
    batch_sizes: Sequence[int],
    learning_rates: Sequence[float],
    seed: int,
    name: str,
    device: str = "cpu",
) -> Trained:
    """Train one head per candidate with Adam and return the best by validation mAP.

    Candidates are batch_sizes x learning_rates, in this order; those of a batch size are trained together, their
    weights stacked, as many as ``candidates_per_stack`` says. The best epoch of each is kept (strictly greater), then
    the best candidate (the first of equals). Shuffles depend on (seed, batch size, epoch), initial weights on (seed,
    name, candidate). ``make_loss`` gives the loss for the candidates of one stack. The history is in order of
    candidates.

    Raises
    ------
    InputError
        When a loss is not finite: names the candidate, the epoch and the step.
    """
    mean, std = training.mean_std()
    if not standardize:
        mean, std = torch.zeros_like(mean), torch.ones_like(std)
    grid = [Candidate(batch_size, rate) for batch_size in batch_sizes for rate in learning_rates]
    weights_each = count_weights(head, hidden, training.widths)
    together = len(grid) if device == "cuda" else candidates_per_stack(weights_each)
    progress = Progress(name, epochs * len(grid), "candidate-epochs")
    best: tuple[float, int] = (-1.0, 0)  # validation mAP, and the number in the grid, the first the better
    trained: Trained | None = None
    history: list[Epoch] = []
    for batch_size in batch_sizes:
        same = [candidate for candidate in grid if candidate.batch_size == batch_size]
        for stack in (same[start : start + together] for start in range(0, len(same), together)):
            weight_seeds = [seeds.seed_for("weights", seed, name, candidate) for candidate in stack]
            weights = initial_weights(head, hidden, training.widths, weight_seeds)
            weights = {key: value.to(device) for key, value in weights.items()}
            loss_seeds = [seeds.seed_for("loss", seed, name, candidate) for candidate in stack]
            loss = make_loss(RunContext(loss_seeds, epochs, training.labels))
            steps = Steps(weights, loss, [candidate.learning_rate for candidate in stack], batch_size, dropout)
            for epoch in range(1, epochs + 1):
                loss.start_epoch(epoch)
                losses = _one_epoch(training, steps, mean, std, seed=seed, epoch=epoch)
                _require_finite(losses, stack, epoch)
                folded = fold_standardisation(weights, mean, std)
                loss.end_epoch(epoch, functools.partial(_predictions, folded, training))
                measured = zip(stack, losses.mean(0).tolist(), validation_map(folded, validation), strict=True)
                for index, (candidate, mean_loss, val_map) in enumerate(measured):
                    history.append(Epoch(batch_size, candidate.learning_rate, epoch, mean_loss, val_map))
                    if (val_map, -grid.index(candidate)) > best:
                        best = val_map, -grid.index(candidate)
                        chosen = {key: value[index].cpu().clone() for key, value in folded.items()}
                        trained = Trained(chosen, candidate, epoch, val_map, history)
                progress.advance(len(stack))
    progress.finish()
    assert trained is not None
    history.sort(key=lambda row: (grid.index(Candidate(row.batch_size, row.learning_rate)), row.epoch))
    return trained


def candidates_per_stack(weights_each: int) -> int:
    """How many candidates train together on a CPU: as many as keep what a step touches in the cache, at least one.

    A function of the model alone, so that results depend on no machine.
    """
    return max(1, CACHE // (16 * weights_each))  # float32 weights, gradients and two moments


class Steps:
    """The steps of one stack of candidates: forward, loss, backward and Adam for each batch of a piece of an epoch.

    On a GPU, where launching the dozens of small kernels of a step takes longer than running them, a piece of whole
    batches is recorded once as a CUDA graph and replayed, where the loss is in closed form.
    """

    def __init__(
        self, weights: Weights, loss: TrainingLoss, learning_rates: Sequence[float], batch_size: int, dropout: float
    ) -> None:
        self.weights, self.loss, self.batch_size, self.dropout = weights, loss, batch_size, dropout
        self.hidden_units = weights["hidden.weight"].shape[1] if dropout and "hidden.weight" in weights else 0
        self._optimizers = [Adam(weights, learning_rates)]
        if loss.parameters:
            for tensor in loss.parameters.values():
                tensor.requires_grad_()
            self._optimizers.append(Adam(loss.parameters, [loss.rate * rate for rate in learning_rates]))
        self._recorded: tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor] | None = None
        self._last_length = 0

    def __call__(self, features: Tensor, labels: Tensor, rows: Tensor, drawn: Tensor | None) -> Tensor:
        """The losses [steps, C] of standardised features [n, D], labels [n, L], row numbers [n] and drawn [n, H].

        ``drawn`` are numbers in [0, 1), for dropout.
        """
        if features.is_cuda and self.loss.loss in CLOSED_FORM and len(features) == self._last_length:
            return self._replay(features, labels, rows, drawn)
        self._last_length = len(features)  # the first of a length runs as it is, and sets the libraries up
        return self._run(features, labels, rows, drawn)

    def _run(self, features: Tensor, labels: Tensor, rows: Tensor, drawn: Tensor | None) -> Tensor:
        keep = None if drawn is None else (drawn >= self.dropout) / (1 - self.dropout)
        weights = label_weights(self.loss, labels)
        losses = []
        for start in range(0, len(features), self.batch_size):
            batch = slice(start, start + self.batch_size)
            kept = None if keep is None else keep[batch]
            logits, hidden = forward(self.weights, features[batch], kept)
            if weights is None:
                per_candidate, by_logits = value_and_gradient(self.loss, logits, labels[batch], rows[batch])
            else:
                per_candidate, by_logits = closed_value_and_gradient(weights.batch(batch), logits)
            backward(self.weights, features[batch], hidden, kept, by_logits)
            for optimizer in self._optimizers:
                optimizer.step()
            losses.append(per_candidate)
        return torch.stack(losses)

    def _replay(self, features: Tensor, labels: Tensor, rows: Tensor, drawn: Tensor | None) -> Tensor:
        given = [features, labels, rows] + ([] if drawn is None else [drawn])
        if self._recorded is None or len(self._recorded[1][0]) != len(features):
            own = [tensor.clone() for tensor in given]
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                losses = self._run(own[0], own[1], own[2], None if drawn is None else own[3])
            self._recorded = graph, own, losses
        graph, own, losses = self._recorded
        for mine, value in zip(own, given, strict=True):
            mine.copy_(value)
        graph.replay()
        return losses.clone()


@torch.no_grad()
def _one_epoch(training: Rows, steps: Steps, mean: Tensor, std: Tensor, *, seed: int, epoch: int) -> Tensor:
    """Pass over the training rows once; returns the losses [steps, C]."""
    numbers = torch.Generator(mean.device).manual_seed(seeds.seed_for("dropout", seed, steps.batch_size, epoch))
    losses = []
    for rows, features, labels in training.shuffled(seed, steps.batch_size, epoch):
        features.sub_(mean).div_(std)
        drawn = None
        if steps.hidden_units:
            drawn = torch.rand((len(features), steps.hidden_units), generator=numbers, device=mean.device)
        losses.append(steps(features, labels, rows, drawn))
    return torch.cat(losses)


def _require_finite(losses: Tensor, candidates: Sequence[Candidate], epoch: int) -> None:
    broken = (~losses.isfinite()).nonzero()
    if len(broken):
        step, index = broken[0].tolist()
        raise InputError(
            f"loss: found {losses[step, index].item()} in epoch {epoch}, step {step + 1} of {len(losses)} "
            f"({candidates[index]}), wanted a finite number: lower the learning rate or check the features"
        )


@torch.no_grad()
def _predictions(weights: Weights, rows: Rows) -> Iterator[Tensor]:
    for features, _ in rows.blocks():
        yield apply_heads(weights, features)


@torch.no_grad()
def validation_map(weights: Weights, validation: Rows) -> list[float]:
    """The published mAP of each candidate of the stack, in percent."""
    blocks = [
        (apply_heads(weights, features).cpu().numpy(), labels.cpu().numpy()) for features, labels in validation.blocks()
    ]
    logits = np.concatenate([logits for logits, _ in blocks], axis=1)
    labels = np.concatenate([labels for _, labels in blocks])
    return [mean_average_precision(average_precision(candidate, labels))[0] for candidate in logits]
