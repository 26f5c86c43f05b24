"""Training a backbone from pictures: the whole loop against the bare forward and backward pass of the same network.

    python benchmarks/finetuning.py [--device cuda --library torchvision --model resnet50 --size 448] [--json finetuning.json]

The loop reads decoded pictures of drawn noise from a shard, shuffled, flips half of them, normalises, computes loss and
gradients, and takes a step of AdamW and of the average of weights. The bare pass has its normalised pictures in memory, on
the device, and takes no step. Both have the same precision, in channels last; weights are random, which does not change
the speed. On a CPU one thread computes, as in a job, and its own time counts, whatever else runs. What the loop adds is
measured alone as well.
"""

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from common import Ratio, fastest, parser, report
from features import random_backbone

from spml.artifacts import pictures
from spml.features.devices import choose_precision
from spml.finetuning.batches import PictureBatches
from spml.finetuning.fit import make_network
from spml.finetuning.network import Network, first_head
from spml.finetuning.options import FinetuneOptions
from spml.finetuning.steps import Steps
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext

CATEGORIES = 80


def settings(options) -> FinetuneOptions:
    """Return the recipe that is measured."""
    return FinetuneOptions(
        "end_to_end",
        "an",
        "linear",
        1,
        augment=tuple(options.augment),
        schedule="one_cycle",
        weight_average=0.99,
        weight_decay=0.01,
        micro_batch=options.micro_batch,
    )


def timed(run: Callable[[], object], options) -> float:
    """Return the seconds of a run: of this process on a CPU; on a GPU, with all that it still has to do."""
    if options.device == "cpu":
        start = time.process_time()
        run()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def measured(batch_size: int, batches: PictureBatches, network: Network, options) -> tuple[dict, list[Ratio]]:
    """Return figures and ratios of one batch size, from steps of whole batches."""
    loss = make_loss("an", {}, RunContext([0], 1, batches.labels))
    steps = Steps(network.train(), loss, settings(options), 1e-4, 10**6)
    number = max(2, options.pictures // batch_size)
    values = torch.randn(batch_size, 3, options.size, options.size, device=options.device)
    values = values.to(memory_format=torch.channels_last)

    def prepared():
        return itertools.islice(batches.shuffled(1, batch_size, 1), number)

    def loop() -> None:
        for batch in prepared():
            steps(batch)

    def bare() -> None:
        for _ in range(number):
            network.zero_grad()
            with torch.autocast(options.device, torch.bfloat16, enabled=network.precision == "bfloat16"):
                features = network.backbone(values)
            network.head(features.float()).sum().backward()

    def optimiser() -> None:
        for _ in range(number):
            steps.adam.step(1, 1e-9)
            steps.average.step()

    runs = {
        "bare forward and backward pass": bare,
        "loop": loop,
        "reading and augmenting alone": lambda: list(prepared()),
        "optimiser and average alone": optimiser,
    }
    for run in list(runs.values())[:2]:
        run()  # warm: memory, kernels, the mapped file
    found = fastest(options.repeats, {name: lambda run=run: timed(run, options) for name, run in runs.items()})
    rates = {
        f"batch {batch_size}: {name}": {"pictures/s": number * batch_size / value, "ms/step": 1e3 * value / number}
        for name, value in found.items()
    }
    share = found["bare forward and backward pass"] / found["loop"]
    return rates, [Ratio(f"batch {batch_size}: loop, share of the bare pass", share, ">= 0.9", 3)]


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--library", default="timm", choices=["torchvision", "timm", "open_clip"])
    made.add_argument("--model", default="tf_efficientnet_lite0")
    made.add_argument("--size", type=int, default=96)
    made.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 64])
    made.add_argument("--micro-batch", type=int, help="pictures that go through the network at a time")
    made.add_argument("--augment", nargs="*", default=["flip"])
    made.add_argument("--pictures", type=int, default=256, help="pictures per run")
    made.add_argument("--workers", type=int, default=0)
    made.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    made.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    made.add_argument("--compile", action="store_true")
    options = made.parse_args()
    if options.device == "cpu":
        torch.set_num_threads(1)
    precision = choose_precision(options.precision, options.device)
    random = np.random.default_rng(0)
    figures, ratios = {}, []
    with tempfile.TemporaryDirectory() as folder:
        built = random_backbone(options.library, options.model, Path(folder), options.size)
        count, shape = max(options.pictures, 2 * max(options.batch_sizes)), (options.size, options.size, 3)
        drawn = (random.integers(0, 256, (1, *shape), np.uint8) for _ in range(count))
        shard = Path(folder, "pictures.h5")
        pictures.write_shard(shard, list(map(str, range(count))), drawn, built.preprocessing.text())
        labels = np.eye(CATEGORIES, dtype=np.int8)[random.integers(0, CATEGORIES, count)]
        with pictures.reading([shard]) as stored:
            batches = PictureBatches(stored, np.arange(count), labels, options.augment, options.workers, options.device)
            loss = make_loss("an", {}, RunContext([0], 1, batches.labels))
            head = first_head("linear", 0, built, CATEGORIES, 0)
            network = make_network(
                built, head, loss, settings(options), precision=precision, compiled=options.compile
            ).to(options.device)
            for batch_size in options.batch_sizes:
                rates, shares = measured(batch_size, batches, network, options)
                figures |= rates
                ratios += shares
    name = torch.cuda.get_device_name() if options.device == "cuda" else "the CPU, one thread"
    report(f"Training {options.model} at {options.size} on {name}, {precision}", figures, ratios, options)


if __name__ == "__main__":
    main()
