"""Weigh the categories of each training image for the draw of the observed labels, by size or by location."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import labels
from spml.data import coco
from spml.labels.observation import WEIGHTS

sampling = snakemake.wildcards.sampling
true = labels.read(snakemake.input.labels, "labels")
annotations = coco.load(snakemake.input.annotations)
weights = coco.annotation_weights(snakemake.input.annotations, annotations, true.image_id, WEIGHTS[sampling])
labels.write(snakemake.output.weights, "observation_weights", true.image_id, true.category, weights, sampling=sampling)
print(
    f"{sampling}: weights of {int((weights > 0).sum()):,} positives, from {weights[weights > 0].min():.4g} to {weights.max():.4g}"
)
