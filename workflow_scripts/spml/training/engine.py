"""The training engine: one call trains every candidate of a grid and keeps the best by validation mAP."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.losses.closed_form import closed_value_and_gradient, label_weights, value_and_gradient
from spml.losses.stateful import RunContext, TrainingLoss, make_loss
from spml.models.heads import (
    Weights,
    apply_heads,
    backward,
    count_weights,
    fold_standardisation,
    forward,
    initial_weights,
    unfold_standardisation,
)
from spml.runtime.errors import InputError
from spml.runtime.log import Progress
from spml.training import seeds
from spml.training.adam import Adam
from spml.training.batches import BatchSource
from spml.training.options import Candidate, TrainingOptions

CACHE = 12 << 20  # bytes that the candidates of a stack may fill, about a third of a common last-level cache


@dataclass
class Epoch:
    """A row of the history: the mean loss and validation mAP of one candidate after one epoch."""

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
    training: BatchSource,
    validation: BatchSource,
    options: TrainingOptions,
    *,
    seed: int,
    name: str,
    device: str = "cpu",
    start: Weights | None = None,
) -> Trained:
    """Train one head per candidate of the grid with Adam and return the best by validation mAP.

    Candidates of one batch size are trained together, their weights stacked, as many as ``candidates_per_stack`` allows.
    The best epoch of each is kept (strictly greater), then the best candidate (the first of equals). Shuffles depend on
    (seed, batch size, epoch), initial weights on (seed, name, candidate). The history is in the order of the grid.

    With ``start``, the weights of one head for features as they are stored, every candidate begins there instead. The
    standardization is that of the rows at hand: the head computes the same as before its first step.

    Raises
    ------
    InputError
        When a loss is not finite: names the candidate, the epoch and the step.
    """
    mean, std = training.mean_std()
    if not options.standardize:
        mean, std = torch.zeros_like(mean), torch.ones_like(std)
    grid = options.grid
    progress = Progress(name, options.epochs * len(grid), "candidate-epochs")
    best: tuple[float, int] = (-1.0, 0)  # validation mAP, and minus the number in the grid
    trained: Trained | None = None
    history: list[Epoch] = []
    for stack in _stacks(options, training.widths, device):
        batch_size = stack[0].batch_size
        weight_seeds = [seeds.seed_for("weights", seed, name, candidate) for candidate in stack]
        weights = initial_weights(options.head, options.hidden, training.widths, weight_seeds)
        if start is not None:
            weights = {key: start[key].expand(len(stack), *start[key].shape).clone() for key in weights}
        weights = {key: value.to(device) for key, value in weights.items()}
        if start is not None:
            weights = unfold_standardisation(weights, mean, std)
        loss_seeds = [seeds.seed_for("loss", seed, name, candidate) for candidate in stack]
        context = RunContext(loss_seeds, options.epochs, training.labels)
        loss = make_loss(options.loss, options.hyperparameters, context)
        steps = Steps(weights, loss, [candidate.learning_rate for candidate in stack], batch_size, options.dropout)
        for epoch in range(1, options.epochs + 1):
            loss.start_epoch(epoch)
            losses = train_epoch(training, steps, mean, std, seed=seed, epoch=epoch)
            _require_finite(losses, stack, epoch)
            folded = fold_standardisation(weights, mean, std)
            loss.end_epoch(epoch, functools.partial(_predictions, folded, training))
            results = zip(stack, losses.mean(0).tolist(), validation_map(folded, validation), strict=True)
            for index, (candidate, mean_loss, val_map) in enumerate(results):
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


def _stacks(options: TrainingOptions, widths: tuple[int, int], device: str) -> Iterator[list[Candidate]]:
    """Yield the candidates that train together: of one batch size, on a CPU as many as fit the cache."""
    size = len(options.grid)
    if device != "cuda":
        size = candidates_per_stack(count_weights(options.head, options.hidden, widths))
    for batch_size in options.batch_sizes:
        candidates = [candidate for candidate in options.grid if candidate.batch_size == batch_size]
        for start in range(0, len(candidates), size):
            yield candidates[start : start + size]


def candidates_per_stack(weights_each: int) -> int:
    """Return how many candidates train together on a CPU: as many as a step can keep in the cache, at least one.

    It depends on the model alone, so that results depend on no machine.
    """
    return max(1, CACHE // (16 * weights_each))  # float32 weights, gradients and two moments


class Steps:
    """The steps of one stack of candidates: forward, loss, backward and Adam for each of some batches."""

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

    def __call__(self, features: Tensor, labels: Tensor, rows: Tensor, uniform: Tensor | None) -> Tensor:
        """Train on standardised features [n, D], labels [n, L] and row numbers [n]; return the losses [steps, C].

        ``uniform`` [n, H] are random numbers in [0, 1) for the dropout of hidden units.
        """
        keep = None if uniform is None else (uniform >= self.dropout) / (1 - self.dropout)
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


@torch.no_grad()
def train_epoch(training: BatchSource, steps: Steps, mean: Tensor, std: Tensor, *, seed: int, epoch: int) -> Tensor:
    """Pass over the training rows once; return the losses [steps, C]."""
    generator = torch.Generator(mean.device).manual_seed(seeds.seed_for("dropout", seed, steps.batch_size, epoch))
    losses = []
    for rows, features, labels in training.shuffled(seed, steps.batch_size, epoch):
        features.sub_(mean).div_(std)
        uniform = None
        if steps.hidden_units:
            uniform = torch.rand((len(features), steps.hidden_units), generator=generator, device=mean.device)
        losses.append(steps(features, labels, rows, uniform))
    return torch.cat(losses)


def _require_finite(losses: Tensor, candidates: Sequence[Candidate], epoch: int) -> None:
    """Raise InputError at the first of losses [steps, C] that is NaN or infinite."""
    broken = (~losses.isfinite()).nonzero()
    if len(broken):
        step, index = broken[0].tolist()
        raise InputError(
            f"loss: found {losses[step, index].item()} in epoch {epoch}, step {step + 1} of {len(losses)} "
            f"({candidates[index]}), wanted a finite number: lower the learning rate or check the features"
        )


@torch.no_grad()
def _predictions(weights: Weights, source: BatchSource) -> Iterator[Tensor]:
    """Yield the logits [C, n, L] of all rows in order, in blocks."""
    for features, _ in source.in_order():
        yield apply_heads(weights, features)


@torch.no_grad()
def validation_map(weights: Weights, validation: BatchSource) -> list[float]:
    """Return the published mAP of each candidate of the stack, in percent."""
    blocks = [
        (apply_heads(weights, features).cpu().numpy(), labels.cpu().numpy())
        for features, labels in validation.in_order()
    ]
    logits = np.concatenate([logits for logits, _ in blocks], axis=1)
    labels = np.concatenate([labels for _, labels in blocks])
    return [mean_average_precision(average_precision(candidate, labels))[0] for candidate in logits]
