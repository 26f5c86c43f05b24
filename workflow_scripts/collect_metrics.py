"""Collect the metrics of every model in one table, and its average precision per category in another."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np
import pandas as pd

from spml.artifacts import documents, tables
from spml.evaluation import results
from spml.evaluation.metrics import METRICS

keys = [*(metric.key for metric in METRICS), "categories_present"]
rows, precision = [], []
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    record = documents.read(path, "metrics")
    scores = {f"{split}_{key}": record[split][key] for key in keys for split in ("val", "test")}
    scores = {name: np.nan if value is None else value for name, value in scores.items()}  # None: undefined
    shared = {key: record[key] for key in ("threshold", "select_on", "left_out")}
    edges = "; ".join(record["edges"])
    rows.append(model | scores | shared | {"categories": record["test"]["categories"], "edges": edges})
    for category, value in record["test"]["average_precision"].items():
        val = record["val"]["average_precision"][category]
        precision.append(model | {"category": category, "val_average_precision": val, "test_average_precision": value})
table = pd.DataFrame(rows)
tables.write(snakemake.output.table, table)
tables.write(snakemake.output.average_precision, pd.DataFrame(precision))
for split in ("val", "test"):
    shown = results.mean_std(table, results.METHOD, f"{split}_map")
    print(f"{split} mAP", shown.round(2).to_string(), sep="\n")
