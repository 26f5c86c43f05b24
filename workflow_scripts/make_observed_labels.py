"""Make the observed labels of the training part, the SPML label matrix: drawn from the true ones, or read."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels, manifest
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.data import csv_table
from spml.labels.observation import from_rows, observe_uniform, observe_weighted
from spml.runtime.errors import InputError

options, seed = snakemake.params.options, int(snakemake.wildcards.seed)
true = labels.read(snakemake.input.labels, "labels")
counts = {key: options[key] for key in ("positives_per_image", "negatives_per_image") if key in options}
table = csv_table.read(snakemake.input.table, true.category) if snakemake.input.table else None
sampling = options["sampling"]
if snakemake.input.file:
    images = manifest.read(snakemake.input.images)
    rows = csv_table.read_rows(snakemake.input.file, "columns as image_id, category")
    observed = from_rows(snakemake.input.file, rows, images.image_id, images.file_name, true.category)
    sampling, counts = "given", {}
elif table is not None and table.observed is not None:
    row_of = {path: number for number, path in enumerate(table.path)}
    observed = table.observed[[row_of[path] for path in true.image_id]]
    sampling, counts = "given", {}
elif table is not None and (true.values == TrueLabel.UNKNOWN).any():
    raise InputError(
        f"{snakemake.input.table}: found neither a column observed nor true labels in every row; wanted a column observed, or "
        "true labels to draw observed labels from"
    )
elif snakemake.input.weights:
    weights = labels.read(snakemake.input.weights, "observation_weights")
    weights.require_same_as(true)
    observed = observe_weighted(true.values, weights.values, seed, **counts)
elif sampling == "weights":
    by_category = labels.by_category("observation.weights", options["weights"], true.category, 1.0)
    observed = observe_weighted(true.values, np.broadcast_to(by_category, true.values.shape), seed, **counts)
else:
    observed = observe_uniform(true.values, seed, **counts)
labels.write(snakemake.output.observed, "observed", true.image_id, true.category, observed, sampling=sampling, **counts)

present, absent = observed == ObservedLabel.PRESENT, observed == ObservedLabel.ABSENT
print(
    f"{int(present.sum()):,} positives observed, {present.sum() / len(observed):.3f} per image; {int(absent.sum()):,} negatives; "
    f"{int((true.values == TrueLabel.PRESENT).sum()):,} true positives"
)
contradicting = (present & (true.values == TrueLabel.ABSENT)) | (absent & (true.values == TrueLabel.PRESENT))
if wrong := int(contradicting.sum()):
    print(f"warning: {wrong:,} observed labels contradict the true ones")
