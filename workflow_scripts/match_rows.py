"""Find the row of a user's matrix that holds the features of each image of a part, once for all shards."""

from spml.runtime import log

log.redirect(snakemake)

import hashlib

from spml.artifacts import manifest, matched_rows, records
from spml.data import csv_table
from spml.features import rows
from spml.features.matrices import reading
from spml.features.matrices.source import Source

options, source = snakemake.params.options, snakemake.input
listed = manifest.read(source.listed)
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
checksum = hashlib.sha256("".join(records.checksum_of(path) for path in source.matrix).encode())
matched_rows.write(snakemake.output.matched, listed.image_id, row_of, checksum.hexdigest())
by = "in the order of the images" if matrix.ids is None else "by their ids"
print(f"{place.path}: {matrix.shape[0]:,} rows of {matrix.dtype}, {len(row_of):,} images, {by}")
