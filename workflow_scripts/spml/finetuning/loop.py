"""The training of one candidate: epochs, validation, the best epoch, and a state to resume from after each."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.features.extractor import CPU_BATCH
from spml.finetuning.batches import PictureBatches
from spml.finetuning.network import Network
from spml.finetuning.state import State
from spml.finetuning.steps import Steps
from spml.runtime.errors import InputError
from spml.runtime.log import Progress
from spml.training import seeds
from spml.training.history import Epoch
from spml.training.options import Candidate

GPU_BATCH = 64  # pictures per batch without gradients on a GPU; a constant, so that results depend on no setting


@dataclass
class Best:
    """The weights of the best epoch, on the CPU and named as in a checkpoint; epoch 0 is before the first."""

    epoch: int = 0
    val_map: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)


class Run:
    """The training of one candidate.

    ``seed`` and ``name`` identify the random streams. Pictures are shuffled by (seed, batch size, epoch), dropout depends
    on (seed, name, candidate, epoch): an epoch needs nothing of those before but the weights.
    """

    def __init__(
        self,
        training: PictureBatches,
        validation: PictureBatches,
        validation_labels: np.ndarray,
        steps: Steps,
        candidate: Candidate,
        *,
        seed: int,
        name: str,
    ) -> None:
        self.training, self.validation, self.validation_labels = training, validation, validation_labels
        self.steps, self.candidate, self.seed, self.name = steps, candidate, seed, name
        self.history: list[Epoch] = []
        self.best = Best()

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done, or as many as ``patience`` were without a gain."""
        epoch, options = len(self.history), self.steps.options
        waited = options.patience is not None and epoch - self.best.epoch >= options.patience
        return epoch >= options.epochs or (epoch > 0 and waited)

    def train(self, keep: Callable[[State], None]) -> None:
        """Train until it is finished, and pass the state after each epoch to ``keep``.

        Raises
        ------
        InputError
            When a loss is not finite, or a logit after an epoch: names the candidate, the epoch and the step.
        """
        options = self.steps.options
        left = None if options.patience is not None else (options.epochs - len(self.history)) * len(self.training)
        progress = Progress(self.name, left, "pictures")
        while not self.finished:
            epoch = len(self.history) + 1
            losses = self._train_epoch(epoch, progress)
            self._require_finite(losses, epoch)
            with self.steps.evaluating() as network:
                predictions = functools.partial(_predictions, network, self.training)
                self.steps.loss.end_epoch(epoch, predictions)
                val_map = self._validation_map(network)
                if val_map > self.best.val_map:
                    self.best = Best(epoch, val_map, _copied(network.weights()))
            rate = self.candidate.learning_rate
            self.history.append(Epoch(self.candidate.batch_size, rate, epoch, losses.mean().item(), val_map))
            keep(self.state())
        progress.finish()

    def _train_epoch(self, epoch: int, progress: Progress) -> Tensor:
        """Pass over the training pictures once; return the losses [steps]."""
        torch.manual_seed(seeds.seed_for("epoch", self.seed, self.name, self.candidate, epoch))
        self.steps.network.train()
        self.steps.loss.start_epoch(epoch)
        losses = []
        for batch in self.training.shuffled(self.seed, self.candidate.batch_size, epoch):
            losses.append(self.steps(batch))
            progress.advance(len(batch.rows))
        return torch.stack(losses).cpu()

    def _require_finite(self, losses: Tensor, epoch: int) -> None:
        """Raise InputError at the first of losses [steps] that is NaN or infinite."""
        broken = (~losses.isfinite()).nonzero()
        if len(broken):
            step = int(broken[0])
            raise InputError(
                f"loss: found {losses[step].item()} in epoch {epoch}, step {step + 1} of {len(losses)} ({self.candidate}), "
                "wanted a finite number: lower the learning rate"
            )

    def _validation_map(self, network: Network) -> float:
        """Return the published mAP on the validation pictures, in percent; errors as ``train``, for logits."""
        logits = torch.cat([block[0] for block in _predictions(network, self.validation)]).cpu().numpy()
        if not np.isfinite(logits).all():
            raise InputError(
                f"logits: found some that are not finite after epoch {len(self.history) + 1} ({self.candidate}), wanted "
                "finite numbers: lower the learning rate"
            )
        return mean_average_precision(average_precision(logits, self.validation_labels))[0]

    def state(self) -> State:
        """Return all that training needs to go on from here."""
        steps = self.steps
        tensors = {f"network.{name}": value for name, value in steps.network.weights().items()} | steps.adam.state()
        if steps.average:
            tensors |= {f"average.{name}": value for name, value in steps.average.weights.items()}
        tensors |= {f"best.{name}": value for name, value in self.best.weights.items()}
        tensors |= {f"loss.{name}": value for name, value in steps.loss.state().items()}
        best = {"epoch": self.best.epoch, "val_map": self.best.val_map}
        history = [asdict(epoch) for epoch in self.history]
        return State(tensors, {"done": steps.done, "best": best, "history": history})

    @torch.no_grad()
    def resume(self, state: State) -> None:
        """Go on from a state."""
        steps, document = self.steps, state.document
        targets = {f"network.{name}": value for name, value in steps.network.weights().items()} | steps.adam.state()
        if steps.average:
            targets |= {f"average.{name}": value for name, value in steps.average.weights.items()}
            steps.average.steps = document["done"]
        for name, value in targets.items():
            value.copy_(state.tensors[name])
        steps.loss.load_state(_below(state, "loss."))
        steps.done = document["done"]
        self.best = Best(**document["best"], weights=_below(state, "best."))
        self.history = [Epoch(**row) for row in document["history"]]
        print(f"{self.name}: training goes on after epoch {len(self.history)} of {steps.options.epochs}")


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return copies on the CPU that share no memory."""
    return {name: torch.empty(value.shape, dtype=value.dtype).copy_(value) for name, value in weights.items()}


def _below(state: State, prefix: str) -> dict[str, Any]:
    """Return the tensors of a state whose names begin with the prefix, without it."""
    return {
        name.removeprefix(prefix): value.clone() for name, value in state.tensors.items() if name.startswith(prefix)
    }


@torch.no_grad()
def _predictions(network: Network, source: PictureBatches) -> Iterator[Tensor]:
    """Yield the logits [1, n, L] of all pictures in order, in blocks."""
    cuda = next(network.parameters()).is_cuda
    for batch in source.in_order(GPU_BATCH if cuda else CPU_BATCH):
        yield network(batch.pictures)[None]
