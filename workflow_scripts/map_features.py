"""Compute the kernel between the images of a part and the landmarks: the features of ridge regression with a kernel."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import decompositions, features, records
from spml.models.kernels import Landmarks, kernel_matrix

ROWS = 1024  # at a time

landmarks = Landmarks(*decompositions.read_landmarks(snakemake.input.landmarks))
with features.reading(snakemake.input.features) as stored:
    rows = np.arange(len(stored.image_id))
    starts = range(0, max(len(rows), 1), ROWS)  # a part without images has one block of none
    blocks = (kernel_matrix(stored.read(rows[start : start + ROWS]), landmarks) for start in starts)
    settings = {name: value for name, value in stored.settings.items() if name != "storage"}
    settings["weights_sha256"] = records.checksum_of(snakemake.input.landmarks)
    shape = features.write_shard(snakemake.output.shard, stored.image_id, blocks, "float32", **settings)  # type: ignore[arg-type]
features.join(snakemake.output.features, [snakemake.output.shard])
print(f"{shape[0]:,} images, {shape[1]:,} landmarks")
