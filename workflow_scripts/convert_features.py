"""Convert the features of one shard of a part from a file of the user's, as they would be extracted from pictures."""

from spml.runtime import log

log.redirect(snakemake)

import hashlib

import numpy as np

from spml.artifacts import features, manifest, records
from spml.data import csv_table
from spml.features import rows
from spml.features.matrices import reading
from spml.features.matrices.source import Source

options, source = snakemake.params.options, snakemake.input
shard, listed = manifest.read(source.images), manifest.read(source.listed)
place = Source(*(options[key] or "" for key in ("path", "column", "id_column", "ids")))
with reading.opening(place) as matrix:
    if not listed.image_id:
        row_of = rows.numbers([])
    elif matrix.ids is not None:
        row_of = rows.by_ids(place.ids or place.path, matrix.ids, listed.image_id, listed.file_name)
    else:
        table = csv_table.in_order(source.table) if source.table else None
        row_of = rows.by_order(
            place.path, matrix.shape[0], options["order"], table, listed.image_id, source.table or source.listed
        )
    row_by_id = dict(zip(listed.image_id, row_of.tolist(), strict=True))
    numbers = rows.numbers(row_by_id[name] for name in shard.image_id)
    storage = options["storage"] or ("float16" if matrix.dtype == "float16" else "float32")
    checksum = hashlib.sha256("".join(records.checksum_of(path) for path in source.matrix).encode())
    shape = features.write_shard(
        snakemake.output.features,
        shard.image_id,
        matrix.read(numbers) if len(numbers) else [np.empty((0, matrix.shape[1]), matrix.dtype)],
        storage,
        backbone="file",
        weights_sha256=checksum.hexdigest(),
        view="",
        preprocessing="",
        precision=str(matrix.dtype),
    )
by = "in the order of the images" if matrix.ids is None else "by their ids"
print(f"{place.path}: {matrix.shape[0]:,} rows of {matrix.dtype}, taken {by}")
print(f"{shape[0]:,} images, {shape[1]:,} features each, stored as {storage}")
