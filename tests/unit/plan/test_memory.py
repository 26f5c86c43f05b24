import numpy as np
import pytest

from plan import memory
from spml.artifacts import blocks

LARGE = (300_000, 5_000)
COSTS = {
    "rows": memory.rows,
    "columns": memory.columns,
    "pairs": memory.pairs,
    "compared": lambda matrix: memory.compared(matrix, methods=30, threads=1),
    "predicted": lambda matrix: memory.predicted(matrix, (matrix[0], 2048)),
}


@pytest.mark.parametrize("name", COSTS)
def test_three_hundred_thousand_images_of_five_thousand_categories_fit_in_four_gigabytes(name):
    assert COSTS[name](LARGE) <= 4000


@pytest.mark.parametrize("name", [*COSTS, "held", "trained"])
def test_memory_never_falls_with_images_or_categories(name):
    cost = {"held": memory.held, "trained": lambda matrix: memory.trained(matrix, (matrix[0], 2048), 0)} | COSTS
    for images in (10, 10_000, 1_000_000):
        costs = [cost[name](shape) for shape in ((images, 80), (images, 5000), (10 * images, 5000))]
        assert costs == sorted(costs) and isinstance(costs[0], int)


def test_labels_that_are_held_count_by_their_number():
    grown = memory.held((600_000, 5_000)) - memory.held(LARGE)
    assert grown >= 300_000 * 5_000 / 1e6


def test_features_beyond_the_limit_stay_in_their_file():
    features = (1_000_000, 2048)
    assert memory.trained((1_000_000, 80), features, 1000) < memory.trained((1_000_000, 80), features, 0)


def test_the_size_of_a_block_of_columns_is_that_of_the_library():
    assert memory.COLUMN_ENTRIES == blocks.COLUMN_ENTRIES
    widest = max(part.stop - part.start for part in blocks.column_blocks(LARGE))
    assert widest * LARGE[0] <= memory.COLUMN_ENTRIES
    assert np.sum([part.stop - part.start for part in blocks.column_blocks(LARGE)]) == LARGE[1]
