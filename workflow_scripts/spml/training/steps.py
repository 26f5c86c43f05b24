"""The steps of one stack of candidates over an epoch: dropout, forward, loss, backward, Adam and the average of weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from spml.losses.closed_form import closed_value_and_gradient, label_weights, value_and_gradient
from spml.losses.training_loss import TrainingLoss
from spml.models.heads import Weights, backward, forward
from spml.training import seeds
from spml.training.adam import Adam
from spml.training.average import WeightAverage
from spml.training.batches import BatchSource
from spml.training.options import Candidate, TrainingOptions


class Steps:
    """The steps of one stack of candidates: forward, loss, backward and Adam for each of some batches.

    ``averaged`` are the weights that count: their average, or the weights themselves where none is taken.
    """

    def __init__(
        self, weights: Weights, loss: TrainingLoss, candidates: Sequence[Candidate], options: TrainingOptions
    ) -> None:
        self.weights, self.loss, self.options = weights, loss, options
        self.batch_size = candidates[0].batch_size
        self.hidden_units = weights["hidden.weight"].shape[1] if "hidden.weight" in weights else 0
        rates = [candidate.learning_rate for candidate in candidates]
        self._optimizers = [Adam(weights, rates, options.weight_decay)]
        if loss.parameters:
            for tensor in loss.parameters.values():
                tensor.requires_grad_()
            self._optimizers.append(Adam(loss.parameters, [loss.rate * rate for rate in rates]))
        self._average = WeightAverage(weights, options.weight_average) if options.weight_average else None
        self.averaged = self._average.weights if self._average else weights

    def __call__(self, features: Tensor, labels: Tensor, rows: Tensor, keep: Tensor | None) -> Tensor:
        """Train on standardised features [n, D], labels [n, L] and row numbers [n]; return the losses [steps, C].

        ``keep`` [n, H] scales the hidden units: their dropout.
        """
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
            if self._average:
                self._average.step()
            losses.append(per_candidate)
        return torch.stack(losses)


class _Dropout:
    """The dropout of one layer in one epoch, the same for all candidates and models: its own stream of numbers."""

    def __init__(self, share: float, width: int, device: torch.device, *stream: object) -> None:
        self._share, self._width, self._device = share if width else 0.0, width, device
        self._generator = torch.Generator(device).manual_seed(seeds.seed_for(*stream))

    def draw(self, rows: int) -> Tensor | None:
        """Return what scales the units of the next rows [n, width]: 0, or 1 / probability to keep; None without dropout."""
        if not self._share:
            return None
        uniform = torch.rand((rows, self._width), generator=self._generator, device=self._device)
        return (uniform >= self._share) / (1 - self._share)


@torch.no_grad()
def train_epoch(training: BatchSource, steps: Steps, mean: Tensor, std: Tensor, *, seed: int, epoch: int) -> Tensor:
    """Pass over the training rows once; return the losses [steps, C]."""
    stream = seed, steps.batch_size, epoch
    options = steps.options
    hidden = _Dropout(options.dropout, steps.hidden_units, mean.device, "dropout", *stream)
    inputs = _Dropout(options.input_dropout, len(mean), mean.device, "input dropout", *stream)
    losses = []
    for rows, features, labels in training.shuffled(seed, steps.batch_size, epoch):
        features.sub_(mean).div_(std)
        if (kept := inputs.draw(len(features))) is not None:
            features.mul_(kept)
        losses.append(steps(features, labels, rows, hidden.draw(len(features))))
    return torch.cat(losses)
