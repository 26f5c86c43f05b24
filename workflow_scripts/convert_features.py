"""Convert the features of one shard of a part from a file of the user's, as they would be extracted from pictures."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import features, manifest, matched_rows
from spml.features.matrices import reading
from spml.features.matrices.source import Source

options, source = snakemake.params.options, snakemake.input
shard = manifest.read(source.images)
start = int(snakemake.wildcards.shard) * options["images_per_shard"]
numbers, checksum = matched_rows.read(source.matched, start, shard.image_id)
with reading.opening(Source(options["path"], options["column"] or "", options["id_column"] or ""), ids=False) as matrix:
    storage = options["storage"] or ("float16" if matrix.dtype == "float16" else "float32")
    shape = features.write_shard(
        snakemake.output.features,
        shard.image_id,
        matrix.read(numbers) if len(numbers) else [np.empty((0, matrix.shape[1]), matrix.dtype)],
        storage,
        backbone="file",
        weights_sha256=checksum,
        view="",
        preprocessing="",
        precision=str(matrix.dtype),
    )
print(f"{shape[0]:,} images, {shape[1]:,} features each, stored as {storage}")
