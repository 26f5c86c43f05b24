"""Memory of the jobs that read matrices [N, L], in MB, from the shapes of their inputs: a function per shape of cost.

The factors are measured by benchmarks/label_memory.py, with a margin. Library modules name the sizes of blocks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plan.minutes import RATES, weights
from spml.losses.catalog import LOSSES

MB = 1_000_000
BASE = 600  # imports, and a block of rows with what is computed from it
COLUMN_ENTRIES = 1 << 28  # of a block of columns, spml.artifacts.blocks
PREDICTED_ROWS = 4096  # at a time, spml.models.inference
STRIP_COLUMNS = 16  # at a time, spml.evaluation.intervals
BLOCK_ROWS = 4096  # at a time, spml.training.decomposition
LANDMARKS = 8192  # more need a retry with more memory
STACK_BYTES = 12 << 20  # of the weights of candidates that train together, spml.training.engine
LABELS, TARGETS = 2, 3  # bytes per entry of labels to train on, in one byte each, and of soft targets, in two
LOGITS = 1  # of validation rows, by candidate
SIMULATED, SIMULATED_TEST = 50, 9  # bytes per entry of the training and of the test part, beside logits of teachers
RIDGE = 3  # targets, and validation scores


def rows(matrix: tuple[int, int]) -> int:
    """Return the memory of work by blocks of rows: ids and file names of N images, names of L categories, one block."""
    images, categories = matrix
    return BASE + (1000 * images + 1000 * categories) // MB


def held(matrix: tuple[int, int]) -> int:
    """Return the memory of work by rows with labels of one byte beside it: those of a table, or of a rule that ranks."""
    images, categories = matrix
    return columns(matrix) + 2 * images * categories // MB


def labelled(matrix: tuple[int, int], whole: bool) -> int:
    """Return the memory of work by rows, or of labels that are held whole beside it."""
    return held(matrix) if whole else rows(matrix)


def columns(matrix: tuple[int, int]) -> int:
    """Return the memory of work by blocks of columns: nine bytes per entry of a block."""
    images, categories = matrix
    return rows(matrix) + 9 * min(images * categories, max(COLUMN_ENTRIES, images)) // MB


def compared(matrix: tuple[int, int], methods: int, threads: int) -> int:
    """Return the memory of intervals: columns, 8 bytes per image and strip of columns or method, 200 for each thread."""
    strips = min(matrix[1], COLUMN_ENTRIES // max(matrix[0], 1) + 1) // STRIP_COLUMNS
    return columns(matrix) + matrix[0] * (8 * (methods + strips) + 200 * threads) // MB


def pairs(matrix: tuple[int, int]) -> int:
    """Return the memory of counts of pairs of categories, four bytes each, beside work by rows."""
    return rows(matrix) + 5 * matrix[1] ** 2 // MB


def predicted(matrix: tuple[int, int], features: tuple[int, int]) -> int:
    """Return the memory of logits of a block of rows, and of the weights of a head."""
    categories, width = matrix[1], features[1]
    return rows(matrix) + (PREDICTED_ROWS * (12 * categories + 8 * width) + 8 * categories * width) // MB


def evaluated(train: tuple[int, int], test: tuple[int, int], features: tuple[int, int]) -> int:
    """Return the memory of logits, written by rows, and of metrics by columns; validation rows are some of the training part."""
    matrix = max(train, test)
    return max(predicted(matrix, features), columns(matrix))


def staged(
    matrix: tuple[int, int],
    features: tuple[int, int],
    pool_matrix: tuple[int, int],
    pool_features: tuple[int, int],
    memory_mb: int,
    searches: Sequence[Mapping[str, Any]],
) -> int:
    """Return the memory of training in stages: the pool beside the validation rows, then the training rows.

    The labels of all stages are held together, each of the shape of the rows that it trains on. The validation rows are
    some of the training part, so that the candidates of every stage count there.
    """
    on_pool = [options for options in searches if options.get("train_on") == "pool"]
    on_rows = [options for options in searches if options.get("train_on") != "pool"]
    pool = trained(pool_matrix, pool_features, memory_mb, on_pool) if pool_features[0] else 0
    labels = sum(map(_labels, on_rows[1:])) * matrix[0] * matrix[1]
    labels += sum(map(_labels, on_pool[1:])) * pool_matrix[0] * pool_matrix[1]
    return regressed(matrix, features, memory_mb, searches) + labels // MB + pool


def trained(
    matrix: tuple[int, int], features: tuple[int, int], memory_mb: int, searches: Sequence[Mapping[str, Any]]
) -> int:
    """Return the memory of training: features, four bytes each, labels, and what is held of each candidate beside them.

    Features beyond ``memory_mb`` (0: no limit) stay in their file. ``searches`` are options of training, as those of
    train_teacher, and ``soft_targets``: whether the labels are probabilities.
    """
    size = 4 * features[0] * features[1] // MB
    entry = max((_labels(options) + _candidates(options, features[1], matrix[1]) for options in searches), default=0)
    return 2000 + rows(matrix) + entry * matrix[0] * matrix[1] // MB + (min(size, 2 * memory_mb) if memory_mb else size)


def _labels(options: Mapping[str, Any]) -> int:
    """Return the bytes of each label that a model learns from."""
    return TARGETS if options.get("soft_targets") else LABELS


def _candidates(options: Mapping[str, Any], width: int, categories: int) -> int:
    """Return the bytes for each label of the validation logits, and of what losses keep, of candidates that train together."""
    ridge = RIDGE if "penalties" in options else 0
    if "batch_sizes" not in options:  # a ridge regression alone
        return ridge
    rates = RATES if options["learning_rates"] == "auto" else len(options["learning_rates"])
    together = max(1, min(rates, STACK_BYTES // (16 * weights(options, width, categories))))
    return max(ridge, together * (LOGITS + LOSSES[options["loss"]["name"]].state_bytes))


def decomposed(matrix: tuple[int, int], features: tuple[int, int]) -> int:
    """Return the memory of eigenvectors: six matrices of eight bytes per pair of features, and a block of rows."""
    return rows(matrix) + (48 * features[1] ** 2 + 12 * BLOCK_ROWS * features[1]) // MB


def regressed(
    matrix: tuple[int, int], features: tuple[int, int], memory_mb: int, searches: Sequence[Mapping[str, Any]]
) -> int:
    """Return the memory of training where a model may be a ridge regression, whose eigenvectors are held as well."""
    return trained(matrix, features, memory_mb, searches) + 8 * min(features[1], features[0]) * features[1] // MB


def simulated(
    matrix: tuple[int, int],
    features: tuple[int, int],
    test: tuple[int, int],
    searches: Sequence[Mapping[str, Any]],
    teachers: int,
) -> int:
    """Return the memory of answers that are simulated: training, beside labels, and logits of all teachers in four bytes each.

    Those of the training part also count with their probabilities in eight bytes, and with what the round before left.
    """
    held = (SIMULATED + 4 * teachers) * matrix[0] * matrix[1] + (SIMULATED_TEST + 4 * teachers) * test[0] * test[1]
    return regressed(matrix, features, 0, searches) + held // MB


def mapped(features: tuple[int, int]) -> int:
    """Return the memory of a block of kernel values, and of landmarks as wide as the features."""
    return BASE + (1000 * features[0] + LANDMARKS * features[1] * 8 + 1024 * (8 * LANDMARKS + 16 * features[1])) // MB


def parsed(file: tuple[int, int]) -> int:
    """Return the memory of annotations in another format, of a file of so many bytes."""
    return BASE + 4 * file[0] // MB


def listed(table: tuple[int, int]) -> int:
    """Return the memory of work on a table of images, whose labels are held as the entries that it names."""
    return BASE + 1500 * table[0] // MB


def extracted(weights: tuple[int, int]) -> int:
    """Return the memory of a network whose weights have so many bytes, with gradients and moments, and of pictures."""
    return 4000 + 8 * weights[0] // MB
