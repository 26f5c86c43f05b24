"""Decode the pictures of one shard of a part once, as a backbone wants them, for models whose backbone is trained."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import manifest, picture_files, pictures
from spml.features import backbones, images

BATCH = 64  # pictures at a time
how = backbones.load(snakemake.params.options, snakemake.input.weights).preprocessing
listed = manifest.read(snakemake.input.images)
paths = picture_files.located(listed.path, snakemake.input.tars)
batches = images.read_batches(paths, how, BATCH, snakemake.threads)
shape = pictures.write_shard(snakemake.output.pictures, listed.image_id, batches, how.text())
print(f"{shape[0]:,} pictures of {how.size} x {how.size} pixels, {3 * how.size**2 * shape[0] / 1e6:,.0f} MB")
