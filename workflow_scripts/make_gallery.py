"""Make the gallery: a page of the training pictures with their observed, pseudo- and true labels, and how they were judged."""

from spml import log

log.redirect(snakemake)

import os
from pathlib import Path

import numpy as np

from spml import gallery, labels, manifest
from spml.files import writing
from spml.pseudo_labels import probabilities
from spml.thumbnails import BLOCK

options = snakemake.params.options
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed")
observed.require_same_as(true)
images = manifest.read(snakemake.input.images)
true.require_same_images(snakemake.input.images, images.image_id)
rows = true.rows("train")
teachers = [labels.read(path, "logits") for path in snakemake.input.logits]
for teacher in teachers:
    teacher.require_images_of(true, "train")
probability = probabilities(np.mean([teacher.values for teacher in teachers], axis=0))
pseudo = [labels.read(path, "pseudo_labels") for path in snakemake.input.pseudo_labels]
for matrix in pseudo:
    matrix.require_images_of(true, "train")
seen, present = observed.values[rows], true.values[rows].astype(np.int8)

title = f"{snakemake.wildcards.dataset}: pseudo-labels {snakemake.wildcards.pseudo_labels}, replicate {snakemake.wildcards.seed}"
data = {
    "title": title,
    "teacher": options["teacher"],
    "variants": options["variants"],
    "categories": true.category,
    "images": [images.image_id[row] for row in rows],
    "files": [images.file_name[row] for row in rows],
    "disagreement": np.rint(1000 * gallery.disagreement(probability, seen, present)).astype(int).tolist(),
    "labels": gallery.entries(probability, [matrix.values for matrix in pseudo], seen, present),
    "known": (present >= 0).sum(0).tolist(),
    "present": (present == 1).sum(0).tolist(),
    "observed": (seen == 1).sum(0).tolist(),
    "counts": [gallery.counts(matrix.values, seen, present) for matrix in pseudo],
    "thumbnails": os.path.relpath(snakemake.input.thumbnails, os.path.dirname(snakemake.output.page)),
    "block": BLOCK,
}
assets = {Path(path).suffix[1:]: Path(path).read_text(encoding="utf-8") for path in snakemake.input.assets}
with writing(snakemake.output.page) as path:
    path.write_text(gallery.page(assets, title, data), encoding="utf-8")
shown = len(data["labels"]["category"])
print(f"{len(rows):,} images, {shown:,} labels shown; open {snakemake.output.page} in a browser")
