"""Export the features of a part as npy and Parquet, in as many pieces as they have shards."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import numpy as np

from spml.artifacts import features, hdf5, labels, manifest
from spml.artifacts.labels import SPLITS
from spml.features.matrices import writing

part, source = snakemake.wildcards.part, snakemake.input
listed = manifest.read(source.images)
with contextlib.ExitStack() as stack:
    stored = stack.enter_context(features.reading(source.features))
    hdf5.require_same("image_id", source.features, stored.image_id, source.images, listed.image_id)
    split = [part] * len(listed.image_id)
    if source.labels:
        true = stack.enter_context(labels.opening(source.labels, "labels"))
        true.require_same_images(source.images, listed.image_id)
        if true.split is not None:
            split = [SPLITS[number] for number in true.split]
    columns = {
        "image_path": [path or name for path, name in zip(listed.path, listed.file_name, strict=True)],
        "image_id": listed.image_id,
        "file_name": listed.file_name,
        "split": split,
    }
    start = 0
    for number, count in enumerate(stored.shard_rows):
        rows = np.arange(start, start + count)
        blocks = (stored.read(rows[first : first + stored.block]) for first in range(0, count, stored.block))
        piece = {name: values[start : start + count] for name, values in columns.items()}
        shape = (count, stored.width)
        writing.write_piece(snakemake.output.export, number, len(stored.shard_rows), shape, stored.dtype, blocks, piece)
        start += count
print(f"{start:,} images, {stored.width:,} features each as {stored.dtype}, {len(stored.shard_rows):,} pieces")
