"""Training heads at COCO's size: this pipeline's stack against the usual loop, and both against a floor.

    python benchmarks/heads.py [--device cuda] [--json heads.json]

All times are seconds for one candidate and one epoch, measured on some steps and scaled. The usual loop trains one
candidate: a DataLoader without workers over the arrays, nn.Module, torch.optim.Adam. The floor is what cannot be saved:
the matrix products of the epoch at the rate of a large product, and Adam's reads and writes (weights, gradients, two
moments) at the bandwidth of a copy of that size. Evaluation is the validation mAP of all candidates once an epoch.
"""

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from common import Ratio, fastest, parser, report, seconds
from synthetic import draw
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from spml.losses.catalog import LOSSES
from spml.losses.stateful import RunContext, make_loss
from spml.models.heads import count_weights, initial_weights
from spml.training.batches import GATHERED, Rows
from spml.training.engine import Steps, _one_epoch, candidates_per_stack, validation_map

HIDDEN, DROPOUT, VALIDATION = 512, 0.5, 16416
PARAMETERS = {"em": {"alpha": 0.1}}


class SomeRows(Rows):
    """Rows whose epoch ends after so many pieces."""

    pieces = 0

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        yield from itertools.islice(super().shuffled(seed, batch_size, epoch), self.pieces)


def usual_loop(features: np.ndarray, labels: np.ndarray, head: str, loss: str, options) -> float:
    """Seconds for a step of one candidate."""
    width, categories = features.shape[1], labels.shape[1]
    hidden = [nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, categories)]
    model = nn.Sequential(*(hidden if head == "mlp" else [nn.Linear(width, categories)])).to(options.device)
    data = TensorDataset(torch.from_numpy(features), torch.from_numpy(labels))
    batches = iter(DataLoader(data, options.batch_size, shuffle=True))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    mean, deviation = torch.zeros(width, device=options.device), torch.ones(width, device=options.device)
    next(batches)  # the shuffle of the epoch is not counted

    def run() -> None:
        for batch, target in itertools.islice(batches, options.steps):
            inputs = (batch.to(options.device).float() - mean) / deviation
            value = LOSSES[loss].function(model(inputs), target.to(options.device), **PARAMETERS.get(loss, {}))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        if options.device == "cuda":
            torch.cuda.synchronize()

    return seconds(run) / options.steps


class Stacks:
    """All candidates as the pipeline trains them, stack after stack."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, head: str, loss: str, options) -> None:
        self.rows = SomeRows(features, labels, options.device)
        self.rows.pieces = -(-options.steps * options.batch_size // GATHERED)
        self.steps = self.rows.pieces * GATHERED / options.batch_size
        widths = self.rows.widths
        together = candidates_per_stack(count_weights(head, HIDDEN, widths))
        together = options.candidates if options.device == "cuda" else together
        rates = list(np.geomspace(1e-2, 1e-5, options.candidates))
        self.stacks = []
        for start in range(0, options.candidates, together):
            part = rates[start : start + together]
            weights = initial_weights(head, HIDDEN, widths, range(len(part)))
            weights = {name: value.to(options.device) for name, value in weights.items()}
            made = make_loss(loss, PARAMETERS.get(loss, {}), RunContext(range(len(part)), 25, self.rows.labels))
            self.stacks.append(Steps(weights, made, part, options.batch_size, DROPOUT))
        self.moments = torch.zeros(widths[0], device=options.device), torch.ones(widths[0], device=options.device)

    def train(self) -> float:
        """Seconds for a step of every candidate."""

        def run() -> None:
            for stack in self.stacks:
                _one_epoch(self.rows, stack, *self.mean_std, seed=1, epoch=1)
            if self.moments[0].is_cuda:
                torch.cuda.synchronize()

        return seconds(run) / self.steps

    def evaluate(self, validation: Rows) -> float:
        """Seconds for the validation mAP of every candidate."""
        return seconds(lambda: [validation_map(stack.weights, validation) for stack in self.stacks])


def floor(head: str, options) -> float:
    """Seconds that a step of one candidate cannot be done without."""
    width, categories = options.width, options.categories
    layers = [(width, HIDDEN), (HIDDEN, categories)] if head == "mlp" else [(width, categories)]
    weights = count_weights(head, HIDDEN, (width, categories))
    products = sum(2 * inputs * outputs for inputs, outputs in layers) * 2  # forward, gradient of the weights
    products += sum(2 * inputs * outputs for inputs, outputs in layers[1:])  # gradient of the hidden units
    size = 2048 if options.device == "cpu" else 8192
    one, other, out = (torch.randn(size, size, device=options.device) for _ in range(3))
    source, target = (torch.zeros(weights, device=options.device) for _ in range(2))
    repeats = max(1, 50_000_000 // weights)

    def wait() -> None:
        if options.device == "cuda":
            torch.cuda.synchronize()

    def multiply() -> None:
        torch.mm(one, other, out=out)
        wait()

    def copy() -> None:
        for _ in range(repeats):
            target.copy_(source)
        wait()

    rate = 2 * size**3 / min(seconds(multiply) for _ in range(3))  # operations a second
    one_way = min(seconds(copy) for _ in range(3)) / repeats / 2  # seconds to read or to write all weights once
    moves = 4 + 3  # weights, gradients, two moments read; weights and moments written
    return options.batch_size * products / rate + moves * one_way


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=65665)
    made.add_argument("--width", type=int, default=2048)
    made.add_argument("--categories", type=int, default=80)
    made.add_argument("--batch-size", type=int, default=16)
    made.add_argument("--candidates", type=int, default=8)
    made.add_argument("--steps", type=int, default=320, help="measured, of those of an epoch")
    made.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = made.parse_args()
    torch.set_num_threads(options.threads)
    features, labels = draw(options.rows, options.width, options.categories)
    validation = Rows(features[:VALIDATION], labels[:VALIDATION], options.device)
    scale = options.rows / options.batch_size
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    for head, loss in (("linear", "em"), ("linear", "an"), ("linear", "bce"), ("linear", "asl"), ("mlp", "em")):
        stacks = Stacks(features, labels, head, loss, options)
        stacks.train()
        found = fastest(
            options.repeats,
            {
                "usual loop": functools.partial(usual_loop, features, labels, head, loss, options),
                "this pipeline": lambda stacks=stacks: stacks.train() / options.candidates,
                "floor": functools.partial(floor, head, options),
            },
        )
        name = f"{head} {loss}"
        figures[name] = {key: scale * value for key, value in found.items()}
        figures[name]["evaluation"] = stacks.evaluate(validation) / options.candidates
        one, ours, least, evaluation = figures[name].values()
        linear = head == "linear" and loss != "asl"
        ratios += [
            Ratio(f"{name}: times faster than the usual loop", one / ours, ">= 6" if linear else ""),
            Ratio(f"{name}: times the floor", ours / least, "<= 1.6" if linear else ""),
            Ratio(f"{name}: evaluation, % of training", 100 * evaluation / ours, "<= 15"),
        ]
    shape = f"{options.rows:,} x {options.width:,} float16, {options.categories} categories"
    title = (
        f"Heads: seconds a candidate and epoch; {shape}, batch {options.batch_size}, {options.candidates} candidates, "
    )
    report(title + f"{options.threads} threads, {options.device}", figures, ratios, options)
    if options.device == "cuda":
        models, replicates, epochs = 1 + 2 + 5, 3, 25
        whole = figures["linear em"]["this pipeline"] * 8 * models * replicates * epochs / 60
        print(
            f"the paper's grid, {models} models x {replicates} replicates x {epochs} epochs x 8 candidates: {whole:.1f} min"
        )


if __name__ == "__main__":
    main()
