"""The cost model of docs/cost_model.md against measurements: seconds of a training step by features and categories.

    python benchmarks/cost.py [--json cost.json]

A step of one candidate with a linear head costs a + k D L seconds. Two sizes give both constants: the smallest, and one
with many categories. Three other sizes are measured and compared with the model.
"""

import numpy as np
import torch
from common import Ratio, fastest, parser, report
from heads import Stacks
from synthetic import draw

FITTED = ((512, 40), (2048, 400))
CHECKED = ((1024, 80), (2048, 80), (2048, 1000))


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--batch-size", type=int, default=16)
    arguments.add_argument("--candidates", type=int, default=4)
    arguments.add_argument("--steps", type=int, default=64)
    options = arguments.parse_args()
    options.device = "cpu"
    torch.set_num_threads(options.threads)
    runs = {}
    for width, categories in FITTED + CHECKED:
        stacks = Stacks(*draw(8192, width, categories), "linear", "em", options)
        stacks.train()
        runs[width, categories] = lambda stacks=stacks: stacks.train() / options.candidates
    times = fastest(options.repeats, runs)
    matrix = np.array([[1, width * categories] for width, categories in FITTED])
    start, slope = np.linalg.solve(matrix, [times[size] for size in FITTED])
    figures, ratios = {}, []
    for size in FITTED + CHECKED:
        width, categories = size
        name = f"D = {width:,}, L = {categories:,}" + " (fitted)" * (size in FITTED)
        model = start + slope * width * categories
        figures[name] = {"measured, us": 1e6 * times[size], "model, us": 1e6 * model}
        if size in CHECKED:
            ratios.append(Ratio(f"{name}: model, times measured", model / times[size], "", 2))
    figures["a, us"], figures["k, ns"] = {"model, us": 1e6 * start}, {"model, us": 1e9 * slope}
    title = f"Cost model: a training step of one candidate, batch {options.batch_size}, {options.threads} threads"
    report(title, figures, ratios, options)


if __name__ == "__main__":
    main()
