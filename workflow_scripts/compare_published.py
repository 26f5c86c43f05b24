"""Write our test mAP beside the published one, for every method that a published table has."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np
import pandas as pd

from spml.artifacts import documents, tables
from spml.evaluation import published

options = snakemake.params.options
rows = []
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    value = documents.read(path, "metrics")["test"]["map"]
    rows.append(model | {"test_map": np.nan if value is None else value})  # None: no label of a test image is known
table = published.compared(
    pd.DataFrame(rows), dict(options["map"]), options["labels"], options["mode"], options["source"]
)
tables.write(snakemake.output.table, table, decimals=2)
print(options["source"], table.drop(columns=["mode", "source"]).to_string(index=False), sep="\n")
