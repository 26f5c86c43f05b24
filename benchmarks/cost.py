"""The cost model of docs/performance.md against measurements: seconds of a training step by features and categories.

    python benchmarks/cost.py [--json cost.json]

A step of one candidate with a linear head costs a + k D L seconds. Both constants are taken from two sizes, the smallest
and one of many categories, and held against what three sizes between and beyond them take.
"""

import numpy as np
import torch
from common import Ratio, fastest, parser, report
from heads import Stacks
from synthetic import draw

FITTED = ((512, 40), (2048, 400))
CHECKED = ((1024, 80), (2048, 80), (2048, 1000))


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--batch-size", type=int, default=16)
    made.add_argument("--candidates", type=int, default=4)
    made.add_argument("--steps", type=int, default=64)
    options = made.parse_args()
    options.device = "cpu"
    torch.set_num_threads(options.threads)
    runs = {}
    for width, categories in FITTED + CHECKED:
        stacks = Stacks(*draw(8192, width, categories), "linear", "em", options)
        stacks.train()
        runs[width, categories] = lambda stacks=stacks: stacks.train() / options.candidates
    found = fastest(options.repeats, runs)
    matrix = np.array([[1, width * categories] for width, categories in FITTED])
    start, slope = np.linalg.solve(matrix, [found[size] for size in FITTED])
    figures, ratios = {}, []
    for size in FITTED + CHECKED:
        width, categories = size
        name = f"D = {width:,}, L = {categories:,}" + " (fitted)" * (size in FITTED)
        model = start + slope * width * categories
        figures[name] = {"measured, us": 1e6 * found[size], "model, us": 1e6 * model}
        if size in CHECKED:
            ratios.append(Ratio(f"{name}: model, times measured", model / found[size], "", 2))
    figures["a, us"], figures["k, ns"] = {"model, us": 1e6 * start}, {"model, us": 1e9 * slope}
    title = f"Cost model: a training step of one candidate, batch {options.batch_size}, {options.threads} threads"
    report(title, figures, ratios, options)


if __name__ == "__main__":
    main()
