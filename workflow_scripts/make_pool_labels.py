"""Make the labels of the pool: of none of its images a label is known."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels, manifest
from spml.artifacts.codes import TrueLabel

images = manifest.read(snakemake.input.images)
with labels.opening(snakemake.input.labels, "labels") as true:
    category = true.category
shape = len(images.image_id), len(category)
with labels.creating(snakemake.output.labels, "labels", images.image_id, category, shape, np.int8) as unknown:
    for rows in labels.row_blocks(unknown):
        unknown[rows] = TrueLabel.UNKNOWN.value
print(f"pool: {shape[0]:,} images without labels, {shape[1]} categories")
