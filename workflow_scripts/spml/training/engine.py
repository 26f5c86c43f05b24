"""The training engine: one call trains every candidate of a grid and keeps the best by validation mAP."""

import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext
from spml.models.heads import (
    Weights,
    apply_heads,
    count_weights,
    fold_standardisation,
    initial_weights,
    unfold_standardisation,
)
from spml.runtime.errors import InputError
from spml.runtime.log import Progress
from spml.training import seeds
from spml.training.batches import BatchSource
from spml.training.grid import edges
from spml.training.history import Epoch
from spml.training.options import Candidate, TrainingOptions
from spml.training.steps import Steps, train_epoch

CACHE = 12 << 20  # bytes that the candidates of a stack may fill, about a third of a common last-level cache


@dataclass
class Best:
    """A candidate at its best epoch; the weights take features as they are stored.

    ``loss_parameters`` are what was trained along with the head, where options ask for it.
    """

    weights: Weights
    loss_parameters: dict[str, Tensor]
    candidate: Candidate
    epoch: int
    val_map: float


@dataclass
class Trained(Best):
    """The chosen candidate at its best epoch, and the epochs of all candidates.

    ``edges`` says in words where the choice lies at the edge of what was tried.
    """

    history: list[Epoch]
    edges: list[str]


def train(
    training: BatchSource,
    validation: BatchSource,
    options: TrainingOptions,
    *,
    seed: int,
    name: str,
    device: str = "cpu",
    begin: Weights | None = None,
) -> Trained:
    """Train one head per candidate of the grid with Adam and return the best by validation mAP.

    Candidates of one batch size are trained together, their weights stacked, as many as ``candidates_per_stack`` allows.
    The best epoch of each is kept (strictly greater), then the best candidate (the first of equals). Shuffles and
    dropout depend on (seed, batch size, epoch), initial weights on (seed, name, candidate). The history is in the order
    of the grid.

    With ``begin``, the weights of one head for features as they are stored, every candidate begins there instead. The
    standardization is that of the rows at hand: the head computes the same as before its first step.

    Raises
    ------
    InputError
        When a loss is not finite: names the candidate, the epoch and the step.
    """
    mean, std = training.mean_std()
    if not options.standardize:
        mean, std = torch.zeros_like(mean), torch.ones_like(std)
    data = _Data(training, validation, mean, std)
    progress = Progress(name, _candidate_epochs(options), "candidate-epochs")
    together = _together(options, training.widths, device)
    chosen: Best | None = None
    tried: tuple[float, ...] = ()
    history: list[Epoch] = []
    for batch_size in options.batch_sizes:
        scores: dict[float, float] = {}
        gained = False
        while rates := options.next_rates(scores):
            candidates = [Candidate(batch_size, rate) for rate in rates]
            for start in range(0, len(candidates), together):
                stack = Stack(candidates[start : start + together], data, options, seed, name, device, begin)
                for best in stack.train(history, progress):
                    scores[best.candidate.learning_rate] = best.val_map
                    if chosen is None or _rank(options, best) > _rank(options, chosen):
                        chosen, gained = best, True
        tried = tuple(scores) if gained else tried
    progress.finish()
    assert chosen is not None
    history.sort(key=lambda row: (options.position(Candidate(row.batch_size, row.learning_rate)), row.epoch))
    last = ["last epoch"] if chosen.epoch == options.epochs > 1 else []
    return Trained(**vars(chosen), history=history, edges=edges(chosen.candidate.learning_rate, tried) + last)


def _rank(options: TrainingOptions, best: Best) -> tuple[float, ...]:
    """Return what is larger for the better of two candidates: validation mAP, then the earlier place in the grid."""
    return best.val_map, *(-place for place in options.position(best.candidate))


def _candidate_epochs(options: TrainingOptions) -> int | None:
    """Return how many epochs all candidates train, None where that depends on how they do."""
    if options.learning_rates == "auto" or options.patience is not None:
        return None
    return options.epochs * len(options.batch_sizes) * len(options.learning_rates)


def _together(options: TrainingOptions, widths: tuple[int, int], device: str) -> int:
    """Return how many candidates train together: on a CPU as many as fit the cache, on a GPU all."""
    if device == "cuda":
        return sys.maxsize
    return candidates_per_stack(
        count_weights(options.head, options.hidden, widths), averaged=options.weight_average > 0
    )


def candidates_per_stack(weights_each: int, *, averaged: bool = False) -> int:
    """Return how many candidates train together on a CPU: as many as a step can keep in the cache, at least one.

    It depends on the model alone, so that results depend on no machine.
    """
    kept = 5 if averaged else 4  # float32 weights, gradients, two moments, and perhaps the average
    return max(1, CACHE // (4 * kept * weights_each))


@dataclass(frozen=True)
class _Data:
    """The sources of a run, and the mean and standard deviation [D] that its features are standardised by."""

    training: BatchSource
    validation: BatchSource
    mean: Tensor
    std: Tensor


class Stack:
    """Candidates of one batch size that train together."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        data: _Data,
        options: TrainingOptions,
        seed: int,
        name: str,
        device: str,
        begin: Weights | None = None,
    ) -> None:
        self.candidates, self.data, self.options, self.seed = candidates, data, options, seed
        weight_seeds = [seeds.seed_for("weights", seed, name, candidate) for candidate in candidates]
        weights = initial_weights(options.head, options.hidden, data.training.widths, weight_seeds)
        if begin is not None:
            weights = {key: begin[key].expand(len(candidates), *begin[key].shape).clone() for key in weights}
        weights = {key: value.to(device) for key, value in weights.items()}
        if begin is not None:
            weights = unfold_standardisation(weights, data.mean, data.std)
        loss_seeds = [seeds.seed_for("loss", seed, name, candidate) for candidate in candidates]
        context = RunContext(loss_seeds, options.epochs, data.training.labels)
        self.loss = make_loss(options.loss, options.hyperparameters, context)
        self.steps = Steps(weights, self.loss, candidates, options)

    def train(self, history: list[Epoch], progress: Progress) -> list[Best]:
        """Train until every candidate has stopped; return each at its best epoch, and add its epochs to the history.

        A candidate that has stopped trains on while others do, and its later epochs do not count: without it, the product of
        fewer rows would round the others otherwise. A loss with a schedule
        of epochs runs to the end, since a part of its schedule is another loss.
        """
        patience = self.options.epochs
        if self.options.patience is not None and not self.loss.scheduled:
            patience = self.options.patience
        best: dict[int, Best] = {}
        running = list(range(len(self.candidates)))
        for epoch in range(1, self.options.epochs + 1):
            self.loss.start_epoch(epoch)
            data = self.data
            losses = train_epoch(data.training, self.steps, data.mean, data.std, seed=self.seed, epoch=epoch)
            _require_finite(losses[:, running], [self.candidates[index] for index in running], epoch)
            folded = fold_standardisation(self.steps.averaged, data.mean, data.std)
            self.loss.end_epoch(epoch, functools.partial(_predictions, folded, data.training))
            mean_loss, val_map = losses.mean(0).tolist(), validation_map(folded, data.validation)
            for index in running:
                candidate = self.candidates[index]
                rate = candidate.learning_rate
                history.append(Epoch(candidate.batch_size, rate, epoch, mean_loss[index], val_map[index]))
                if index not in best or val_map[index] > best[index].val_map:
                    along = self.loss.parameters if self.options.keep_loss_parameters else {}
                    best[index] = Best(_copied(folded, index), _copied(along, index), candidate, epoch, val_map[index])
            progress.advance(len(running))
            running = [index for index in running if epoch - best[index].epoch < patience]
            if not running:
                break
        return [best[index] for index in range(len(self.candidates))]


def _copied(stack: Weights, index: int) -> Weights:
    """Return a copy on the CPU of one candidate's tensors."""
    return {name: value[index].detach().cpu().clone() for name, value in stack.items()}


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
    logits = np.empty((len(weights["output.bias"]), len(validation), validation.widths[1]), np.float32)
    start = 0
    for features, block in validation.in_order():
        logits[:, start : start + len(block)] = apply_heads(weights, features).cpu().numpy()
        start += len(block)
    labels = np.concatenate([block.cpu().numpy() for block in validation.labels()])
    return [mean_average_precision(average_precision(candidate, labels))[0] for candidate in logits]
