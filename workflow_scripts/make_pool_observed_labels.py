"""Make the observed labels of the pool: the answers of people about its pictures, and nothing else."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels
from spml.labels import verdicts

source = snakemake.input
with labels.opening(source.labels, "labels") as unknown:
    image_id, category, shape = unknown.image_id, unknown.category, unknown.values.shape
decided = verdicts.read(source.answers, image_id, category)
path, number = snakemake.output.observed, len(decided)
with labels.creating(
    path, "observed", image_id, category, shape, np.int8, sampling="answers", answers=number
) as written:
    for rows in labels.row_blocks(written):
        observed = np.zeros((rows.stop - rows.start, shape[1]), np.int8)
        verdicts.lay_over(observed, rows.start, decided)
        written[rows] = observed
print(f"pool: {shape[0]:,} images, {number:,} labels that people decided")
