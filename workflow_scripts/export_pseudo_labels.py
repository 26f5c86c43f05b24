"""Export pseudo-labels to the format of another tool."""

from spml import log

log.redirect(snakemake)

import os

import numpy as np

from spml import exports, hdf5, labels, manifest
from spml.pseudo_labels import probabilities

true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed")
observed.require_same_as(true)
pseudo = labels.read(snakemake.input.pseudo_labels, "pseudo_labels")
pseudo.require_images_of(true, "train")
images = manifest.read(snakemake.input.images)
true.require_same_images(snakemake.input.images, images.image_id)
teachers = [labels.read(path, "logits") for path in snakemake.input.logits]
for teacher in teachers:
    teacher.require_images_of(true, "train")
rows = true.rows("train")
with hdf5.reading(snakemake.input.pseudo_labels, "pseudo_labels") as file:
    about = {key: str(value) for key, value in sorted(file.attrs.items()) if key not in ("kind", "layout")}
labelled = exports.Labelled(
    image_id=pseudo.image_id,
    file_name=[images.file_name[row] for row in rows],
    path=[images.path[row] for row in rows],
    category=pseudo.category,
    label=pseudo.values,
    probability=probabilities(np.mean([teacher.values for teacher in teachers], axis=0)),
    observed=observed.values[rows],
    about={"dataset": snakemake.wildcards.dataset, "seed": snakemake.wildcards.seed} | about,
)
os.makedirs(snakemake.output.export, exist_ok=True)
exports.FORMATS[snakemake.wildcards.format](snakemake.output.export, labelled)
ignored = int((pseudo.values < 0).sum())
print(
    f"{snakemake.wildcards.format}: {len(rows):,} images, {int((pseudo.values >= 0.5).sum()):,} labels"
    + (f", {ignored:,} ignored (only parquet and wide say which)" if ignored else "")
)
