"""Predict the logits of one split with a trained model."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import checkpoints, features, hdf5, labels
from spml.models.inference import on_kernel_values, predict

split = snakemake.wildcards.split
weights, description = checkpoints.load(snakemake.input.checkpoint)
with labels.opening(snakemake.input.labels, "labels") as true:
    rows, image_id = true.rows(split), true.ids(split)
hdf5.require_same("category", snakemake.input.checkpoint, description["categories"], true.path, true.category)
shape = len(rows), len(true.category)
with (
    features.reading(snakemake.input.features) as stored,
    labels.creating(snakemake.output.logits, "logits", image_id, true.category, shape, np.float32) as logits,
):
    true.require_same_images(snakemake.input.features, stored.image_id)
    if snakemake.input.landmarks:  # the features are kernel values
        features.require_map(stored, snakemake.input.landmarks)
        weights = on_kernel_values(weights)
    lowest, highest = np.inf, -np.inf
    for start in range(0, len(rows), 4096):
        block = predict(weights, stored.read(rows[start : start + 4096]))
        logits[start : start + len(block)] = block
        lowest, highest = min(lowest, block.min()), max(highest, block.max())
print(f"{split}: logits of {shape[0]:,} images, {shape[1]:,} categories, from {lowest:.2f} to {highest:.2f}")
