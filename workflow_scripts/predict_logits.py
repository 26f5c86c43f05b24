"""Predict the logits of the training rows, or of the pool, with a trained model."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import checkpoints, labels
from spml.models.inference import write_logits

source = snakemake.input
weights, description = checkpoints.load(source.checkpoint)
with labels.opening(source.labels, "labels") as true:
    split = snakemake.wildcards.split
    write_logits(source.checkpoint, weights, description, source.features, true, split, snakemake.output.logits)
