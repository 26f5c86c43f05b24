"""Show the features of all shards of a part as one matrix."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import features

shape = features.join(snakemake.output.features, snakemake.input.shards)
print(f"{shape[0]:,} images, {shape[1]:,} features each, {len(snakemake.input.shards):,} shards")
