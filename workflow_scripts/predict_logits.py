"""Predict the logits of one split with a trained model."""

from spml import log

log.redirect(snakemake)

from spml import checkpoints, features, hdf5, labels
from spml.prediction import predict

split = snakemake.wildcards.split
weights, description = checkpoints.load(snakemake.input.checkpoint)
true = labels.read(snakemake.input.labels, "labels")
hdf5.require_same("category", snakemake.input.checkpoint, description["categories"], true.path, true.category)
rows = true.rows(split)
image_id, matrix = features.read(snakemake.input.features, rows)
true.require_same_images(snakemake.input.features, image_id)
logits = predict(weights, matrix)
labels.write(snakemake.output.logits, "logits", true.ids(split), true.category, logits)
print(
    f"{split}: logits of {len(logits):,} images, {logits.shape[1]:,} categories, from {logits.min():.2f} to {logits.max():.2f}"
)
