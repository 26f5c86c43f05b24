import math

import numpy as np
import pytest

from plan import memory
from spml.artifacts import blocks
from spml.training import engine

LARGE = (300_000, 5_000)
LINEAR = {"head": "linear", "batch_sizes": [64], "learning_rates": [1e-3], "loss": {"name": "an"}}
ON_POOL = LINEAR | {"train_on": "pool"}
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
    cost = {
        "held": memory.held,
        "trained": lambda matrix: memory.trained(matrix, (matrix[0], 2048), 0, [LINEAR]),
    } | COSTS
    for images in (10, 10_000, 1_000_000):
        costs = [cost[name](shape) for shape in ((images, 80), (images, 5000), (10 * images, 5000))]
        assert costs == sorted(costs) and isinstance(costs[0], int)


def test_labels_that_are_held_count_by_their_number():
    grown = memory.held((600_000, 5_000)) - memory.held(LARGE)
    assert grown >= 300_000 * 5_000 / 1e6


def test_features_beyond_the_limit_stay_in_their_file():
    features = (1_000_000, 2048)
    limited, whole = (memory.trained((1_000_000, 80), features, limit, [LINEAR]) for limit in (1000, 0))
    assert limited < whole


def test_training_takes_more_for_what_it_holds_of_each_label():
    def cost(matrix=LARGE, width=512, **options):
        return memory.trained(matrix, (matrix[0], width), 0, [LINEAR | options])

    assert cost(soft_targets=True) - cost() == math.prod(LARGE) // 10**6
    assert cost(loss={"name": "role"}) - cost() >= 35_000
    few, four = (300_000, 10), {"learning_rates": [0.1, 0.01, 0.001, 0.0001]}
    assert cost(few, **four) > cost(few) and cost(few, learning_rates="auto") > cost(few, **four)
    assert cost(**four) == cost()  # heads as large as these train one after another
    assert cost(few, hidden=10_000, **four) == cost(few)


def test_training_in_stages_holds_the_labels_of_all():
    shapes = LARGE, (LARGE[0], 512)
    once = memory.regressed(*shapes, 0, [LINEAR])
    assert memory.staged(*shapes, (0, 0), (0, 0), 0, [LINEAR]) == once
    assert memory.staged(*shapes, (0, 0), (0, 0), 0, [LINEAR, LINEAR]) >= once + math.prod(LARGE) / 1e6
    assert memory.staged(*shapes, *shapes, 0, [ON_POOL, LINEAR]) > 1.5 * once


def test_the_labels_of_stages_on_the_pool_are_as_large_as_the_pool():
    shapes = (1000, 10), (1000, 512), (10**7, 1000), (10**7, 64)
    once, twice, thrice = (memory.staged(*shapes, 0, [ON_POOL] * count + [LINEAR]) for count in (1, 2, 3))
    assert thrice - twice == twice - once == memory.LABELS * 10**10 // 10**6
    many = LINEAR | {"train_on": "observed", "loss": {"name": "role"}}
    assert memory.staged(*shapes, 0, [ON_POOL, many]) - once < 1000  # what its loss keeps is of the training rows


def test_a_simulation_holds_labels_and_logits_beside_training():
    shapes = (12_000, 5000), (12_000, 512), (12_000, 5000)
    assert memory.simulated(*shapes, [LINEAR], 1) > 4800  # MB: the peak of such a job
    more = memory.simulated(*shapes, [LINEAR], 3) - memory.simulated(*shapes, [LINEAR], 1)
    assert more == 2 * 4 * 2 * math.prod(shapes[0]) // 10**6  # of each teacher, the logits of both parts
    soft = [LINEAR | {"soft_targets": True}]
    assert memory.simulated(*shapes, soft, 1) > memory.simulated(*shapes, [LINEAR], 1)


def test_candidates_that_train_together_are_those_of_the_engine():
    assert memory.STACK_BYTES == engine.CACHE


def test_the_size_of_a_block_of_columns_is_that_of_the_library():
    assert memory.COLUMN_ENTRIES == blocks.COLUMN_ENTRIES
    widest = max(part.stop - part.start for part in blocks.column_blocks(LARGE))
    assert widest * LARGE[0] <= memory.COLUMN_ENTRIES
    assert np.sum([part.stop - part.start for part in blocks.column_blocks(LARGE)]) == LARGE[1]
