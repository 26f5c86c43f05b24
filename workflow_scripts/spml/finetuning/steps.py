"""The steps of training one network: forward, loss, backward, Adam and the average of weights."""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from spml.finetuning import optimiser
from spml.finetuning.batches import PictureBatch
from spml.finetuning.network import Network
from spml.finetuning.optimiser import Adam
from spml.finetuning.options import FinetuneOptions
from spml.losses.closed_form import closed_value_and_gradient, label_weights, value_and_gradient
from spml.losses.training_loss import Maps, TrainingLoss
from spml.training.average import WeightAverage


class Steps:
    """The steps of one candidate, ``total`` of them; ``done`` are behind it.

    The average of weights, where options have one, includes the running statistics of batch normalisation, as timm's does:
    the statistics of the last weights would not fit.
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
        self.network.zero_grad()
        pieces = batch.pictures.split(self.options.micro_batch or len(batch.pictures))
        if len(pieces) == 1:
            outputs = self.network.outputs(batch.pictures)
            value, gradients = self._loss(batch, *(output.detach() for output in outputs))
            torch.autograd.backward(outputs, gradients)
        else:
            value = self._in_pieces(batch, pieces)
        rate = optimiser.learning_rate(self.options.schedule, self.learning_rate, self.done, self.total)
        self.done += 1
        self.adam.step(self.done, rate)
        if self.average:
            self.average.step()
        return value

    def _in_pieces(self, batch: PictureBatch, pieces: Sequence[Tensor]) -> Tensor:
        """Add the gradient of the whole batch to the weights from pieces of its pictures; return the loss.

        The loss needs the logits of all pictures. A first pass computes them without a graph, a second one computes each
        piece again, with the same dropout, and sends its part of the gradient back.
        """
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.no_grad(), self.network.without_statistics():
            outputs = zip(*(self.network.outputs(piece) for piece in pieces), strict=True)
            value, gradients = self._loss(batch, *map(torch.cat, outputs))
        parts = zip(*(gradient.split(len(pieces[0])) for gradient in gradients), strict=True)
        for piece, part in zip(pieces, parts, strict=True):
            torch.autograd.backward(self.network.outputs(piece), part)
        return value

    @torch.no_grad()
    def _loss(self, batch: PictureBatch, logits: Tensor, maps: Tensor | None = None) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the loss and its gradients by the logits [B, L], and by the score maps where there are any.

        The gradient by the tensors of the loss goes to their ``grad``.
        """
        weights = label_weights(self.loss, batch.labels)
        if weights is not None:
            value, by_logits = closed_value_and_gradient(weights, logits[None])
            return value[0], [by_logits[0]]
        if maps is None:
            value, by_logits = value_and_gradient(self.loss, logits[None], batch.labels, batch.rows)
            return value[0], [by_logits[0]]
        with torch.enable_grad():
            leaves = logits[None].requires_grad_(), maps[None].requires_grad_()
            value = self.loss(leaves[0], batch.labels, batch.rows, Maps(leaves[1], *batch.view))[0]
            gradients = torch.autograd.grad(value, leaves)
        return value.detach(), [gradient[0] for gradient in gradients]

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
