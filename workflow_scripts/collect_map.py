"""Collect the mAP of every model in one table."""

from spml import log

log.redirect(snakemake)

import json
from pathlib import Path

import pandas as pd

from spml.files import writing

rows = []
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    metrics = json.loads(Path(path).read_text(encoding="utf-8"))
    scores = {f"{split}_{key}": metrics[split][key] for split in ("val", "test") for key in ("map", "map_present")}
    present = {f"{split}_categories_present": metrics[split]["categories_present"] for split in ("val", "test")}
    rows.append(model | scores | present | {"categories": metrics["test"]["categories"]})
table = pd.DataFrame(rows)
with writing(snakemake.output.table) as path:
    table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
print(table.groupby(["kind", "name", "variant"])[["val_map", "test_map"]].agg(["mean", "std"]).round(2).to_string())
