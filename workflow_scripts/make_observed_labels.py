"""Make the observed labels of the training part, the SPML label matrix: drawn from the true ones, or given."""

from spml import log

log.redirect(snakemake)

import numpy as np

from spml import labels, manifest
from spml.observation import from_rows, observe_uniform, observe_weighted, read_rows

options, seed = snakemake.params.options, int(snakemake.wildcards.seed)
true = labels.read(snakemake.input.labels, "labels")
counts = {key: options[key] for key in ("positives", "negatives") if key in options}  # not of labels given
if snakemake.input.given:
    images = manifest.read(snakemake.input.images)
    rows = read_rows(snakemake.input.given)
    observed = from_rows(snakemake.input.given, rows, images.image_id, images.file_name, true.category)
elif snakemake.input.weights:
    weights = labels.read(snakemake.input.weights, "observation_weights")
    weights.require_same_as(true)
    observed = observe_weighted(true.values, weights.values, seed, **counts)
elif options["process"] == "weights":
    by_category = labels.by_category("observation.weights", options["weights"], true.category, 1.0)
    observed = observe_weighted(true.values, np.broadcast_to(by_category, true.values.shape), seed, **counts)
else:
    observed = observe_uniform(true.values, seed, **counts)
labels.write(
    snakemake.output.observed, "observed", true.image_id, true.category, observed, process=options["process"], **counts
)
seen, absent, present = int((observed == 1).sum()), int((observed == -1).sum()), int((true.values == 1).sum())
print(
    f"{seen:,} positives observed, {seen / len(observed):.3f} per image; {absent:,} negatives; {present:,} are present"
)
wrong = int(((observed == 1) & (true.values != 1)).sum() + ((observed == -1) & (true.values == 1)).sum())
if wrong:
    print(f"warning: {wrong:,} observed labels contradict the true ones")
