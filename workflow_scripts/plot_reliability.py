"""Draw how often what is predicted with a probability is present, on the test split."""

from spml.runtime import log

log.redirect(snakemake)

import json
from pathlib import Path

import numpy as np

from spml.evaluation import metrics, results
from spml.reporting import figures

options = snakemake.params.options
table = results.read_map(snakemake.input.table)
methods = results.methods(table)
chosen = methods[methods["chosen"]].index
shown = [("teachers", name, "") for name in options["lines"]]
shown += [method for method in chosen if method[:2] == ("students", options["students"])]
pooled = {method: {key: np.zeros(metrics.BINS) for key in metrics.BIN_SUMS} for method in shown}
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    method = (model["kind"], model["name"], model["variant"])
    if method in pooled:
        bins = json.loads(Path(path).read_text(encoding="utf-8"))["test"]["reliability"]
        for key, total in pooled[method].items():
            total += bins[key]
curves = [(results.name_of(*method), bins, metrics.calibration_error(bins)) for method, bins in pooled.items()]
for name, _, error in curves:
    print(f"{name}: expected calibration error {error:.2f} % over all replicates")
if results.is_tested(table):
    figure = figures.calibration(curves, table["seed"].nunique(), results.choice(table))
else:
    figure = figures.left_out("Calibration on the test split", results.UNTESTED)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
