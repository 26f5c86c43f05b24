"""Collect the metrics of every model in one table, and its average precision per category in another."""

from spml.runtime import log

log.redirect(snakemake)

import json
from pathlib import Path

import numpy as np
import pandas as pd

from spml.artifacts import tables

SCORES = ("map", "map_present", "micro_ap", "of1", "cf1", "of1_chosen", "cf1_chosen", "ece", "categories_present")
rows, precision = [], []
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    metrics = json.loads(Path(path).read_text(encoding="utf-8"))
    scores = {f"{split}_{key}": metrics[split][key] for key in SCORES for split in ("val", "test")}
    scores = {name: np.nan if value is None else value for name, value in scores.items()}  # None: not measured
    shared = {key: metrics[key] for key in ("threshold", "validation_labels")}
    rows.append(model | scores | shared | {"categories": metrics["test"]["categories"]})
    for category, value in metrics["test"]["average_precision"].items():
        val = metrics["val"]["average_precision"][category]
        precision.append(model | {"category": category, "val_average_precision": val, "test_average_precision": value})
table = pd.DataFrame(rows)
tables.write(snakemake.output.table, table)
tables.write(snakemake.output.average_precision, pd.DataFrame(precision))
print(table.groupby(["kind", "name", "variant"])[["val_map", "test_map"]].agg(["mean", "std"]).round(2).to_string())
