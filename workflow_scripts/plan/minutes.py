"""Minutes of jobs, from the shapes of their inputs and the settings: a function per shape of cost, as plan.memory has.

They are several times what docs/performance.md measures: a node may be slow, and a disk busy. A job that takes longer is
tried again with more. Rates are those of one core, or one GPU.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Shape = tuple[int, int]
ENTRY = 4e-6  # seconds per entry of a matrix [N, L] that is read, ranked and written
COUNT = 2e-7  # per entry of a matrix that is counted alone
ROW = 1e-4  # per row of a table
FILE = 2e-3  # per file that is looked for on a network file system
PICTURE = 0.02  # per picture that is decoded and made smaller
BYTE = 2e-7  # per byte of annotations that is parsed
FLOPS = 2e10  # per second, of a core
GPU_FLOPS = 5e12
STEP = 3e-4  # seconds of a training step apart from products
WEIGHT = 5e-9  # per weight and step: the optimiser's traffic
PATCH = 14  # pixels: a network computes about as often with each weight as its picture has squares of this side
SIDE = 384  # pixels of a picture where only the weights tell
RATES = 9  # of learning_rates: auto, at most


def rows(matrix: Shape) -> int:
    """Return the time of work on a matrix [N, L] by rows or by columns."""
    return _minutes(matrix[0] * ROW + matrix[0] * matrix[1] * ENTRY)


def counted(matrix: Shape, files: int) -> int:
    """Return the time to count what so many files hold beside each other, each of the shape of a matrix [N, L]."""
    return _minutes(files * matrix[0] * (ROW / 10 + matrix[1] * COUNT))


def compared(matrix: Shape, methods: int) -> int:
    """Return the time of the intervals of so many methods with a matrix [N, L] of each."""
    return methods * rows(matrix)


def evaluated(train: Shape, test: Shape) -> int:
    """Return the time of the metrics of one model; the validation rows are some of the training part."""
    return rows(train) + rows(test)


def listed(table: Shape) -> int:
    """Return the time to look for the files of a table."""
    return _minutes(table[0] * (ROW + FILE))


def parsed(file: Shape) -> int:
    """Return the time to read annotations in another format, or the headers of a tar, of a file of so many bytes."""
    return _minutes(file[0] * BYTE)


def shown(table: Shape, threads: int) -> int:
    """Return the time to decode the pictures of a table and to make them small."""
    return _minutes(table[0] * PICTURE / threads)


def copied(features: Shape) -> int:
    """Return the time to read and write features [N, D]."""
    return _minutes(features[0] * ROW + features[0] * features[1] * ENTRY / 10)


def mapped(features: Shape, landmarks: int) -> int:
    """Return the time of the kernel values [N, M] of features [N, D]."""
    return copied(features) + _minutes(2 * features[0] * (features[1] + 10) * landmarks / FLOPS)


def decomposed(features: Shape) -> int:
    """Return the time of the Gram matrix and eigenvectors of features [N, D]."""
    count, width = features
    return copied(features) + _minutes((2 * count * width**2 + 30 * width**3) / FLOPS)


def extracted(table: Shape, weights: Shape, network: Mapping[str, int], threads: int) -> int:
    """Return the time to send the pictures of a table through a network whose weights have so many bytes."""
    decoding = PICTURE / threads
    computing = _forward(weights, network) / (GPU_FLOPS if network["gpus"] else FLOPS * threads)
    return _minutes(table[0] * (decoding + computing))


def tuned(matrix: Shape, weights: Shape, network: Mapping[str, int]) -> int:
    """Return the time to train a network on the N images of a matrix: three times as much as the features, each epoch."""
    computing = 3 * _forward(weights, network) / (GPU_FLOPS if network["gpus"] else FLOPS)
    return _minutes(network["epochs"] * matrix[0] * computing)


def trained(matrix: Shape, features: Shape, searches: Iterable[Mapping[str, Any]]) -> int:
    """Return the time to train heads on features [N, D] for labels [N, L], a grid of candidates after the other.

    ``searches`` are options of training, as those of train_teacher.
    """
    return copied(features) + _minutes(sum(_search(matrix, features, options) for options in searches))


def staged(
    matrix: Shape, features: Shape, pool_matrix: Shape, pool_features: Shape, searches: Sequence[Mapping[str, Any]]
) -> int:
    """Return the time of training in stages: each may be on the pool."""
    pool = trained(pool_matrix, pool_features, searches) if pool_features[0] else 0
    return trained(matrix, features, searches) + pool


def _search(matrix: Shape, features: Shape, options: Mapping[str, Any]) -> float:
    """Return the seconds of all candidates of one search."""
    (images, categories), width = matrix, features[1]
    ridge = 2.0 * images * width * categories + 2 * len(options.get("penalties", ())) * categories * width * (
        width + images / 2
    )
    seconds = ridge / FLOPS if "penalties" in options else 0.0
    if "batch_sizes" not in options:  # a ridge regression alone
        return seconds
    rates = RATES if options["learning_rates"] == "auto" else len(options["learning_rates"])
    for size in options["batch_sizes"]:
        step = (
            STEP + weights(options, width, categories) * (WEIGHT + 6 * size / FLOPS) + size * categories * ENTRY / 100
        )
        seconds += rates * options["epochs"] * (images / size * step + images * categories * ENTRY / 10)
    return seconds


def weights(options: Mapping[str, Any], width: int, categories: int) -> int:
    """Return the weights of a head for features of that width."""
    hidden = options.get("hidden", 0)
    return hidden * (width + categories) if hidden else width * categories


def _forward(weights: Shape, network: Mapping[str, int]) -> float:
    """Return the operations of one picture: two for each weight, of four bytes, and each patch."""
    side = network["side"] or SIDE
    return 2.0 * weights[0] / 4 * (side / PATCH) ** 2 * network["crops"]


def _minutes(seconds: float) -> int:
    return math.ceil(seconds / 60)
