"""Training heads at COCO's size: this pipeline's stack against the usual loop, and both against a floor.

    python benchmarks/heads.py [--device cuda] [--recipe published] [--json heads.json]

All times are seconds per candidate and epoch, measured on some steps and scaled. The recipe is the default of the
configuration, or the published search: Adam alone, batches of 16. The usual loop trains one candidate: a DataLoader
without workers over the arrays, nn.Module, nn.Dropout, torch.optim.AdamW, and torch's lerp for the average. The floor is the least possible time: the
matrix products of the epoch at the rate of a large product, and Adam's reads and writes (weights, gradients, two
moments) at the bandwidth of a copy of that size. Evaluation is the validation mAP of all candidates once per epoch.
"""

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from common import Ratio, fastest, parser, report, seconds
from synthetic import draw
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from plan.recipe import Training
from spml.losses.catalog import LOSSES
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext
from spml.models.heads import count_weights, initial_weights
from spml.training.batches import ROWS_SHUFFLED, Batches, BatchSource
from spml.training.engine import candidates_per_stack, validation_map
from spml.training.options import Candidate, TrainingOptions
from spml.training.steps import Steps, train_epoch

VALIDATION = 16416
HYPERPARAMETERS = {"em": {"alpha": 0.1}}


class ShortEpoch(BatchSource):
    """A source whose epoch ends after ``groups`` times ``ROWS_SHUFFLED`` rows."""

    groups = 0

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[Batches]:
        yield from itertools.islice(super().shuffled(seed, batch_size, epoch), self.groups)


def training_options(head: str, loss: str, options) -> TrainingOptions:
    """Return the recipe that is measured."""
    section = {key: field.default for key, field in Training.model_fields.items() if key != "preset"}
    if options.recipe == "published":
        section |= {"input_dropout": 0.0, "weight_average": 0.0, "weight_decay": 0.0}
    section |= {"head": head, "batch_sizes": [options.batch_size], "loss": {"name": loss}, "select_on": "true_labels"}
    return TrainingOptions.from_config(section)


def usual_loop(features: np.ndarray, labels: np.ndarray, head: str, loss: str, options) -> float:
    """Return the seconds of a step of one candidate."""
    width, categories = features.shape[1], labels.shape[1]
    settings = training_options(head, loss, options)
    hidden = [nn.Linear(width, settings.hidden), nn.ReLU(), nn.Dropout(settings.dropout)]
    last = nn.Linear(settings.hidden if head == "mlp" else width, categories)
    model = nn.Sequential(nn.Dropout(settings.input_dropout), *(hidden if head == "mlp" else []), last).to(
        options.device
    )
    parameters = list(model.parameters())
    averages = [parameter.detach().clone() for parameter in parameters]
    data = TensorDataset(torch.from_numpy(features), torch.from_numpy(labels))
    batches = iter(DataLoader(data, options.batch_size, shuffle=True))
    optimizer = torch.optim.AdamW(parameters, 1e-3, weight_decay=settings.weight_decay)
    mean, std = torch.zeros(width, device=options.device), torch.ones(width, device=options.device)
    hyperparameters = LOSSES[loss].defaults() | HYPERPARAMETERS.get(loss, {})
    next(batches)  # the shuffle of the epoch is not counted

    def run() -> None:
        for batch, target in itertools.islice(batches, options.steps):
            inputs = (batch.to(options.device).float() - mean) / std
            value = LOSSES[loss].function(model(inputs), target.to(options.device), **hyperparameters)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            if settings.weight_average:
                with torch.no_grad():
                    for average, parameter in zip(averages, parameters, strict=True):
                        average.lerp_(parameter, 1 - settings.weight_average)
        if options.device == "cuda":
            torch.cuda.synchronize()

    return seconds(run) / options.steps


class Stacks:
    """All candidates as the pipeline trains them, stack after stack."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, head: str, loss: str, options) -> None:
        self.source = ShortEpoch(features, labels, options.device)
        self.source.groups = -(-options.steps * options.batch_size // ROWS_SHUFFLED)
        self.steps = self.source.groups * ROWS_SHUFFLED / options.batch_size
        widths = self.source.widths
        settings = training_options(head, loss, options)
        together = candidates_per_stack(
            count_weights(head, settings.hidden, widths), averaged=settings.weight_average > 0
        )
        together = options.candidates if options.device == "cuda" else together
        rates = list(np.geomspace(1e-2, 1e-5, options.candidates))
        self.stacks = []
        for start in range(0, options.candidates, together):
            stack = rates[start : start + together]
            weights = initial_weights(head, settings.hidden, widths, range(len(stack)))
            weights = {name: value.to(options.device) for name, value in weights.items()}
            context = RunContext(range(len(stack)), 25, self.source.labels)
            stack_loss = make_loss(loss, HYPERPARAMETERS.get(loss, {}), context)
            candidates = [Candidate(options.batch_size, rate) for rate in stack]
            self.stacks.append(Steps(weights, stack_loss, candidates, settings))
        self.mean_std = torch.zeros(widths[0], device=options.device), torch.ones(widths[0], device=options.device)

    def train(self) -> float:
        """Return the seconds of a step of every candidate."""

        def run() -> None:
            for stack in self.stacks:
                train_epoch(self.source, stack, *self.mean_std, seed=1, epoch=1)
            if self.mean_std[0].is_cuda:
                torch.cuda.synchronize()

        return seconds(run) / self.steps

    def evaluate(self, validation: BatchSource) -> float:
        """Return the seconds of the validation mAP of every candidate."""
        return seconds(lambda: [validation_map(stack.weights, validation) for stack in self.stacks])


def floor(head: str, options) -> float:
    """Return the least seconds of a step of one candidate."""
    width, categories = options.width, options.categories
    hidden = training_options(head, "bce", options).hidden
    layers = [(width, hidden), (hidden, categories)] if head == "mlp" else [(width, categories)]
    weights = count_weights(head, hidden, (width, categories))
    products = sum(2 * inputs * outputs for inputs, outputs in layers) * 2  # forward, gradient of the weights
    products += sum(2 * inputs * outputs for inputs, outputs in layers[1:])  # gradient of the hidden units
    size = 2048 if options.device == "cpu" else 8192
    left, right, product = (torch.randn(size, size, device=options.device) for _ in range(3))
    source, target = (torch.zeros(weights, device=options.device) for _ in range(2))
    repeats = max(1, 50_000_000 // weights)

    def wait() -> None:
        if options.device == "cuda":
            torch.cuda.synchronize()

    def multiply() -> None:
        torch.mm(left, right, out=product)
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
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=65665)
    arguments.add_argument("--width", type=int, default=2048)
    arguments.add_argument("--categories", type=int, default=80)
    arguments.add_argument("--recipe", choices=["default", "published"], default="default")
    arguments.add_argument("--candidates", type=int, default=8)
    arguments.add_argument("--steps", type=int, default=320, help="measured, of those of an epoch")
    arguments.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = arguments.parse_args()
    options.batch_size = 16 if options.recipe == "published" else Training.model_fields["batch_sizes"].default[0]
    torch.set_num_threads(options.threads)
    features, labels = draw(options.rows, options.width, options.categories)
    validation = BatchSource(features[:VALIDATION], labels[:VALIDATION], options.device)
    scale = options.rows / options.batch_size
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    for head, loss in (("linear", "em"), ("linear", "an"), ("linear", "bce"), ("linear", "asl"), ("mlp", "em")):
        stacks = Stacks(features, labels, head, loss, options)
        stacks.train()
        times = fastest(
            options.repeats,
            {
                "usual loop": functools.partial(usual_loop, features, labels, head, loss, options),
                "this pipeline": lambda stacks=stacks: stacks.train() / options.candidates,
                "floor": functools.partial(floor, head, options),
            },
        )
        name = f"{head} {loss}"
        figures[name] = {key: scale * value for key, value in times.items()}
        figures[name]["evaluation"] = stacks.evaluate(validation) / options.candidates
        usual, ours, least, evaluation = figures[name].values()
        linear = head == "linear" and loss != "asl"
        ratios += [
            Ratio(f"{name}: times faster than the usual loop", usual / ours, ">= 6" if linear else ""),
            Ratio(f"{name}: times the floor", ours / least, "<= 1.6" if linear else ""),
            Ratio(f"{name}: evaluation, % of training", 100 * evaluation / ours, "<= 15"),
        ]
    shape = f"{options.rows:,} x {options.width:,} float16, {options.categories} categories"
    title = f"Heads: seconds per candidate and epoch; {shape}, batch {options.batch_size}, {options.candidates} candidates, "
    report(title + f"{options.threads} threads, {options.device}", figures, ratios, options)
    if options.device == "cuda":
        models, replicates, epochs = 1 + 2 + 5, 3, 25
        whole = figures["linear em"]["this pipeline"] * 8 * models * replicates * epochs / 60
        print(
            f"the paper's grid, {models} models x {replicates} replicates x {epochs} epochs x 8 candidates: {whole:.1f} min"
        )


if __name__ == "__main__":
    main()
