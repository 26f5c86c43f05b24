"""Training heads at COCO's size: this pipeline's stack against the usual loop, and both against a floor.

    python benchmarks/heads.py [--json heads.json]

Features are drawn, with class structure. All times are seconds for one candidate and one epoch, measured on some steps
and scaled. The usual loop trains one candidate: a DataLoader without workers over the arrays, nn.Module,
torch.optim.Adam. The floor is what cannot be saved: the matrix products of the epoch at the rate of a large product, and
Adam's reads and writes (weights, gradients, two moments) at the bandwidth of a copy of that size.
"""

import argparse
import functools
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow_scripts"))

from spml.losses import LOSSES, make_loss
from spml.rows import Rows
from spml.training import train

HIDDEN = 512
DROPOUT = 0.5


class SomeRows(Rows):
    """Rows whose epoch ends after so many steps."""

    steps = 0

    def shuffled(self, seed: int, batch_size: int, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        yield from itertools.islice(super().shuffled(seed, batch_size, epoch), self.steps * batch_size // 256)


def draw(rows: int, width: int, categories: int) -> tuple[np.ndarray, np.ndarray]:
    """Features float16 [rows, width] and single positives int8 [rows, categories] that can be learnt from them."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((categories, width), np.float32)
    category = random.integers(0, categories, rows)
    features = np.empty((rows, width), np.float16)
    for start in range(0, rows, 4096):
        part = category[start : start + 4096]
        features[start : start + 4096] = 0.2 * centres[part] + random.standard_normal((len(part), width), np.float32)
    return features, np.eye(categories, dtype=np.int8)[category]


def best_of(repeats: int, run: Callable[[], float]) -> float:
    return min(run() for _ in range(repeats))


def usual_loop(features: np.ndarray, labels: np.ndarray, head: str, batch_size: int, steps: int) -> float:
    """Seconds for so many steps of one candidate."""
    width, categories = features.shape[1], labels.shape[1]
    hidden = [nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, categories)]
    model = nn.Sequential(*(hidden if head == "mlp" else [nn.Linear(width, categories)]))
    data = TensorDataset(torch.from_numpy(features), torch.from_numpy(labels))
    loader = DataLoader(data, batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    mean, deviation = torch.zeros(width), torch.ones(width)
    start = time.perf_counter()
    for batch, target in itertools.islice(loader, steps):
        loss = LOSSES["em"](model((batch.float() - mean) / deviation), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def stack(features: np.ndarray, labels: np.ndarray, head: str, batch_size: int, steps: int, candidates: int) -> float:
    """Seconds for so many steps of all candidates together: two epochs less one, so that what is done once is out."""
    training, few = SomeRows(features, labels), Rows(features[:64], labels[:64])
    training.moments = lambda: (torch.zeros(features.shape[1]), torch.ones(features.shape[1]))  # type: ignore[method-assign]
    training.steps = steps

    def epochs(number: int) -> float:
        start = time.perf_counter()
        train(
            training,
            few,
            functools.partial(make_loss, "em", {"alpha": 0.1}),
            head=head,
            hidden=HIDDEN,
            dropout=DROPOUT,
            standardize=True,
            epochs=number,
            batch_sizes=[batch_size],
            learning_rates=list(np.geomspace(1e-2, 1e-5, candidates)),
            seed=1,
            name="benchmark",
        )
        return time.perf_counter() - start

    return epochs(2) - epochs(1)


def floor(width: int, categories: int, head: str, batch_size: int, steps: int) -> float:
    """Seconds that so many steps of one candidate cannot be done without."""
    layers = [(width, HIDDEN), (HIDDEN, categories)] if head == "mlp" else [(width, categories)]
    weights = sum((inputs + 1) * outputs for inputs, outputs in layers)
    products = sum(2 * inputs * outputs for inputs, outputs in layers) * 2  # forward, gradient of the weights
    products += sum(2 * inputs * outputs for inputs, outputs in layers[1:])  # gradient of the hidden units
    size = 2048
    one, other, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)

    def multiply() -> float:
        start = time.perf_counter()
        torch.mm(one, other, out=out)
        return time.perf_counter() - start

    source, target = torch.zeros(weights), torch.zeros(weights)
    repeats = max(1, 50_000_000 // weights)

    def copy() -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            target.copy_(source)
        return (time.perf_counter() - start) / repeats

    rate = 2 * size**3 / best_of(5, multiply)  # operations a second
    one_way = best_of(5, copy) / 2  # seconds to read or to write all weights once
    moves = 4 + 3  # weights, gradients, two moments read; weights and moments written
    return steps * (batch_size * products / rate + moves * one_way)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=65665)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--categories", type=int, default=80)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200, help="measured, of those of an epoch")
    parser.add_argument("--json", help="a file to write the numbers to")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    features, labels = draw(options.rows, options.width, options.categories)
    scale = options.rows / options.batch_size / options.steps
    found: dict[str, dict[str, float]] = {}
    for head in ("linear", "mlp"):
        size = (options.batch_size, options.steps)
        together = best_of(2, functools.partial(stack, features, labels, head, *size, options.candidates))
        found[head] = {
            "usual loop": scale * best_of(2, functools.partial(usual_loop, features, labels, head, *size)),
            "this pipeline": scale * together / options.candidates,
            "floor": scale * floor(options.width, options.categories, head, *size),
        }
    shape = f"{options.rows:,} x {options.width:,} float16, {options.categories} categories"
    print(f"{shape}, batch {options.batch_size}, {options.candidates} candidates, {options.threads} threads, loss em")
    print(f"{'seconds per candidate and epoch':<34}{'linear':>10}{'mlp':>10}")
    for name in ("usual loop", "this pipeline", "floor"):
        print(f"{name:<34}" + "".join(f"{found[head][name]:>10.2f}" for head in found))
    for name, one, other in (
        ("times faster than the usual loop", "usual loop", "this pipeline"),
        ("times the floor", "this pipeline", "floor"),
    ):
        print(f"{name:<34}" + "".join(f"{found[head][one] / found[head][other]:>10.1f}" for head in found))
    if options.json:
        text = json.dumps({"options": vars(options), "seconds": found, "torch": torch.__version__}, indent=1)
        Path(options.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
