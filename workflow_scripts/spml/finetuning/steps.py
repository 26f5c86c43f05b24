"""The steps of training one network: forward, loss, backward, Adam and the average of weights."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from spml.finetuning import optimiser
from spml.finetuning.batches import PictureBatch
from spml.finetuning.network import Network
from spml.finetuning.optimiser import Adam
from spml.finetuning.options import FinetuneOptions
from spml.losses.closed_form import closed_value_and_gradient, label_weights, value_and_gradient
from spml.losses.training_loss import TrainingLoss
from spml.training.average import WeightAverage


class Steps:
    """The steps of one candidate, ``total`` of them; ``done`` are behind it.

    The average of weights, where options have one, includes the running statistics of batch normalisation.
    """

    def __init__(
        self, network: Network, loss: TrainingLoss, options: FinetuneOptions, learning_rate: float, total: int
    ) -> None:
        self.network, self.loss, self.options = network, loss, options
        self.learning_rate, self.total, self.done = learning_rate, total, 0
        self._device = next(network.parameters()).device
        for tensor in loss.parameters.values():
            tensor.requires_grad_()
            tensor.grad = torch.zeros_like(tensor)
        trained = network.trained()
        self.adam = Adam(optimiser.groups(trained, options.weight_decay, loss.parameters, loss.rate))
        averaged = {name: value for name, value in network.weights().items() if value.is_floating_point()}
        self.average = WeightAverage(averaged, options.weight_average) if options.weight_average else None

    def __call__(self, batch: PictureBatch) -> Tensor:
        """Train on a batch; return its loss, on the device."""
        pictures, labels, rows = batch.pictures, batch.labels, batch.rows
        self.network.zero_grad()
        pieces = pictures.split(self.options.micro_batch or len(pictures))
        if len(pieces) == 1:
            logits = self.network(pictures)
            value, by_logits = self._loss(logits.detach(), labels, rows)
            logits.backward(by_logits)
        else:
            value = self._in_pieces(pieces, labels, rows)
        rate = optimiser.learning_rate(self.options.schedule, self.learning_rate, self.done, self.total)
        self.done += 1
        self.adam.step(self.done, rate)
        if self.average:
            self.average.step()
        return value

    def _in_pieces(self, pieces: tuple[Tensor, ...], labels: Tensor, rows: Tensor) -> Tensor:
        """Add the gradient of the whole batch to the weights from pieces of it; return the loss.

        The loss needs the logits of all pictures. A first pass computes them without a graph, a second one computes each
        piece again, with the same dropout, and sends its part of the gradient back.
        """
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.no_grad(), self.network.without_statistics():
            logits = torch.cat([self.network(piece) for piece in pieces])
        value, by_logits = self._loss(logits, labels, rows)
        for piece, part in zip(pieces, by_logits.split(len(pieces[0])), strict=True):
            self.network(piece).backward(part)
        return value

    def _loss(self, logits: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss and its gradient by the logits [B, L]; that by the tensors of the loss goes to their ``grad``."""
        weights = label_weights(self.loss, labels)
        if weights is not None:
            value, by_logits = closed_value_and_gradient(weights, logits[None])
        else:
            value, by_logits = value_and_gradient(self.loss, logits[None], labels, rows)
        return value[0], by_logits[0]

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[Network]:
        """Yield the network in evaluation mode, with the average of its weights where there is one."""
        self.network.eval()
        own: dict[str, Tensor] = {}
        if self.average:
            weights = self.network.weights()
            own = {name: weights[name].clone() for name in self.average.weights}
            self._put(self.average.weights)
        try:
            yield self.network
        finally:
            self._put(own)
            self.network.train()

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        """Write values over the network's weights of these names."""
        weights = self.network.weights()
        for name, value in values.items():
            weights[name].copy_(value)
