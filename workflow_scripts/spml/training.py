"""The training engine: one call trains every candidate of a grid and keeps the best by validation mAP."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spml import streams
from spml.adam import Adam
from spml.average_precision import average_precision, mean_average_precision
from spml.errors import InputError
from spml.gradients import value_and_gradient
from spml.heads import Weights, apply_heads, backward, fold_standardisation, forward, initial_weights
from spml.log import Progress
from spml.losses import InRun, Run
from spml.rows import Rows


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
    make_loss: Callable[[Run], InRun],
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
    weights stacked. The best epoch of each is kept (strictly greater), then the best candidate (the first of equals).
    Shuffles depend on (seed, batch size, epoch), initial weights on (seed, name, candidate).
    ``make_loss`` gives the loss for the candidates of one batch size.

    Raises
    ------
    InputError
        When a loss is not finite: names the candidate, the epoch and the step.
    """
    mean, deviation = training.moments()
    if not standardize:
        mean, deviation = torch.zeros_like(mean), torch.ones_like(deviation)
    progress = Progress(name, epochs * len(batch_sizes) * len(learning_rates), "candidate-epochs")
    best: Trained | None = None
    history: list[Epoch] = []
    for batch_size in batch_sizes:
        candidates = [Candidate(batch_size, rate) for rate in learning_rates]
        seeds = [streams.seed_for("weights", seed, name, candidate) for candidate in candidates]
        weights = {
            key: value.to(device)
            for key, value in initial_weights(head, hidden, training.widths, seeds).items()
        }
        seeds = [streams.seed_for("loss", seed, name, candidate) for candidate in candidates]
        loss = make_loss(Run(seeds, epochs, training.labels))
        for tensor in loss.learnt.values():
            tensor.requires_grad_()
        optimizers = [Adam(weights, learning_rates)]
        if loss.learnt:
            optimizers.append(Adam(loss.learnt, [loss.rate * rate for rate in learning_rates]))
        tops = [-1.0] * len(candidates)
        for epoch in range(1, epochs + 1):
            loss.start_epoch(epoch)
            losses = _one_epoch(
                training,
                weights,
                optimizers,
                loss,
                dropout,
                mean,
                deviation,
                seed=seed,
                batch_size=batch_size,
                epoch=epoch,
            )
            _require_finite(losses, candidates, epoch)
            mean_losses = losses.mean(0).tolist()
            folded = fold_standardisation(weights, mean, deviation)
            loss.end_epoch(epoch, functools.partial(_predictions, folded, training))
            for index, (candidate, val_map) in enumerate(
                zip(candidates, validation_map(folded, validation), strict=True)
            ):
                history.append(Epoch(batch_size, candidate.learning_rate, epoch, mean_losses[index], val_map))
                if val_map > tops[index]:
                    tops[index] = val_map
                    # A later candidate must beat the best so far; the same one must only beat itself.
                    if best is None or val_map > best.val_map:
                        chosen = {key: value[index].cpu().clone() for key, value in folded.items()}
                        best = Trained(chosen, candidate, epoch, val_map, history)
            progress.advance(len(candidates))
    progress.finish()
    assert best is not None
    return best


@torch.no_grad()
def _one_epoch(
    training: Rows,
    weights: Weights,
    optimizers: Sequence[Adam],
    loss: InRun,
    dropout: float,
    mean: Tensor,
    deviation: Tensor,
    *,
    seed: int,
    batch_size: int,
    epoch: int,
) -> Tensor:
    """Pass over the training rows once; returns the losses [steps, C]."""
    masks = torch.Generator(mean.device).manual_seed(streams.seed_for("dropout", seed, batch_size, epoch))
    hidden_units = weights["hidden.weight"].shape[1] if dropout and "hidden.weight" in weights else 0
    losses = []
    for rows, features, labels in training.shuffled(seed, batch_size, epoch):
        features.sub_(mean).div_(deviation)
        keep = None
        if hidden_units:
            drawn = torch.rand((len(features), hidden_units), generator=masks, device=mean.device)
            keep = (drawn >= dropout) / (1 - dropout)
        for start in range(0, len(rows), batch_size):
            batch = slice(start, start + batch_size)
            kept = None if keep is None else keep[batch]
            logits, hidden = forward(weights, features[batch], kept)
            per_candidate, by_logits = value_and_gradient(loss, logits, labels[batch], rows[batch])
            backward(weights, features[batch], hidden, kept, by_logits)
            for optimizer in optimizers:
                optimizer.step()
            losses.append(per_candidate)
    return torch.stack(losses)


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
