"""Predict the logits of the training part, validation rows among them, or of the pool, with a trained model."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import checkpoints, labels
from spml.models.inference import write_logits

source = snakemake.input
weights, description = checkpoints.load(source.checkpoint)
with labels.opening(source.labels, "labels") as true:
    write_logits(source.checkpoint, weights, description, source.features, true, "part", snakemake.output.logits)
