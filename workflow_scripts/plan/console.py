"""The messages on the terminal before the first job and after the last."""

import csv
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from plan import paths
from plan.evaluation import FIGURES
from plan.experiment import Experiment


def figures(dataset: str) -> list[str]:
    """Return the figures of a data set, as SVG and PNG."""
    return [paths.figure(name, dataset, ending) for name in FIGURES for ending in ("svg", "png")]


def require_writable() -> None:
    """End with one line where results cannot be written; each job would fail by itself."""
    if os.path.isdir("results") and not os.access("results", os.W_OK):
        sys.exit("Error: results: found a folder that cannot be written to, wanted one for the results")


def mean_std(cells: Sequence[str]) -> str:
    """Return mean and standard deviation of a table's cells as text; empty cells mean that nothing was measured."""
    if not all(cells):
        return "not measured"
    values = [float(cell) for cell in cells]
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"


def summarise(experiment: Experiment) -> None:
    """Print the mAP of each method and name the figures, once they are there."""
    dataset = experiment.dataset
    table = Path(paths.table("map", dataset))
    if not all(os.path.exists(path) for path in [str(table), *figures(dataset)]):
        return
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    incomplete = any(
        row[f"{split}_map"] and row[f"{split}_categories_present"] != row["categories"]
        for row in rows
        for split in ("val", "test")
    )
    score = "map_present" if incomplete else "map"
    methods: dict[tuple[bool, str], list[list[str]]] = {}
    for row in rows:
        label = experiment.display_names.get(f"{row['kind']}/{row['name']}", row["name"])
        method = row["kind"] == "students", f"{label} τ {row['tau']}".removesuffix(" τ ")
        methods.setdefault(method, []).append([row[f"{split}_{score}"] for split in ("val", "test")])
    note = " over the categories that have positives" if incomplete else ""
    note += ", validation on observed labels" if rows[0]["select_on"] == "observed_labels" else ""
    width = max(28, *(len(name) + 2 for _, name in methods))
    lines = [
        f"\nData set {dataset}: mAP in %{note}, mean ± standard deviation over replicates\n",
        f"{'model':<{width}}{'validation':>16}{'test':>16}{'replicates':>12}",
    ]
    for (_, name), pairs in sorted(methods.items()):
        columns = [mean_std(cells) for cells in zip(*pairs, strict=True)]
        lines.append(f"{name:<{width}}{columns[0]:>16}{columns[1]:>16}{len(pairs):>12}")
    lines += ["\nFigures:", *(f"  {path}" for path in figures(dataset)), "\nReport:", f"  {paths.report(dataset)}"]
    print("\n".join(lines), file=sys.stderr)
