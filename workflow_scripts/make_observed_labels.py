"""Make the observed labels of the training part, the SPML label matrix: drawn from the true ones, or given."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels, manifest
from spml.data import csv_table
from spml.data.csv_rows import read_rows
from spml.labels.observation import from_rows, observe_uniform, observe_weighted, require_enough
from spml.runtime.errors import InputError

options, seed = snakemake.params.options, int(snakemake.wildcards.seed)
true = labels.read(snakemake.input.labels, "labels")
counts = {key: options[key] for key in ("positives", "negatives") if key in options}  # not of labels given
table = csv_table.read(snakemake.input.table, true.category) if snakemake.input.table else None
process = options["process"]
if snakemake.input.given:
    images = manifest.read(snakemake.input.images)
    rows = read_rows(snakemake.input.given, "columns as image_id, category")
    observed = from_rows(snakemake.input.given, rows, images.image_id, images.file_name, true.category)
elif table is not None and table.observed is not None:
    row = {path: number for number, path in enumerate(table.path)}
    observed, process, counts = table.observed[[row[path] for path in true.image_id]], "given", {}
elif table is not None and (true.values == labels.UNKNOWN).any():
    raise InputError(
        f"{snakemake.input.table}: found neither a column observed nor true labels in every row, wanted what was observed, or "
        "true labels to draw it from"
    )
elif snakemake.input.weights:
    weights = labels.read(snakemake.input.weights, "observation_weights")
    weights.require_same_as(true)
    observed = observe_weighted(true.values, weights.values, seed, **counts)
elif process == "weights":
    by_category = labels.by_category("observation.weights", options["weights"], true.category, 1.0)
    observed = observe_weighted(true.values, np.broadcast_to(by_category, true.values.shape), seed, **counts)
else:
    observed = observe_uniform(true.values, seed, **counts)
if table is not None:
    on = options["selection_labels"]
    selection_labels = true.values if on == "full" else observed
    require_enough(
        snakemake.input.table,
        true.values[true.rows("train")],
        options["taught_the_truth"],
        selection_labels[true.rows("val")],
        on,
    )
labels.write(snakemake.output.observed, "observed", true.image_id, true.category, observed, process=process, **counts)
seen, absent, present = int((observed == 1).sum()), int((observed == -1).sum()), int((true.values == 1).sum())
print(
    f"{seen:,} positives observed, {seen / len(observed):.3f} per image; {absent:,} negatives; {present:,} are present"
)
wrong = int(((observed == 1) & (true.values == 0)).sum() + ((observed == -1) & (true.values == 1)).sum())
if wrong:
    print(f"warning: {wrong:,} observed labels contradict the true ones")
