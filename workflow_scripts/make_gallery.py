"""Make the gallery: a page of the training pictures with their observed, pseudo- and true labels."""

from spml.runtime import log

log.redirect(snakemake)

import os

import numpy as np

from spml.artifacts import labels
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.reporting import html
from spml.review import gallery
from spml.review.thumbnails import BLOCK
from spml.runtime.files import writing

options = snakemake.params.options
true = labels.read(snakemake.input.labels, "labels")
rows = training_set.read(true, snakemake.input.observed, snakemake.input.images, snakemake.input.logits)
probability = probabilities(rows.logits)
pseudo = [labels.read(path, "pseudo_labels") for path in snakemake.input.pseudo_labels]
for matrix in pseudo:
    matrix.require_images_of(true, "train")
observed, true_labels = rows.observed, rows.true

title = f"{snakemake.wildcards.dataset}: pseudo-labels {snakemake.wildcards.pseudo_labels}, replicate {snakemake.wildcards.seed}"
data = {
    "teacher": options["teacher"],
    "variants": options["variants"],
    "categories": rows.category,
    "images": rows.image_id,
    "files": rows.file_name,
    "disagreement": np.rint(1000 * gallery.disagreement(probability, observed, true_labels)).astype(int).tolist(),
    "labels": gallery.entries(probability, [matrix.values for matrix in pseudo], observed, true_labels),
    "known": (true_labels != TrueLabel.UNKNOWN).sum(0).tolist(),
    "present": (true_labels == TrueLabel.PRESENT).sum(0).tolist(),
    "observed": (observed == ObservedLabel.PRESENT).sum(0).tolist(),
    "counts": [gallery.counts(matrix.values, observed, true_labels) for matrix in pseudo],
    "thumbnails": os.path.relpath(snakemake.input.thumbnails, os.path.dirname(snakemake.output.page)),
    "block": BLOCK,
}
with writing(snakemake.output.page) as path:
    path.write_text(html.render("gallery.html", title=title, data=data), encoding="utf-8")
shown = len(data["labels"]["category"])
print(f"{len(rows.image_id):,} images, {shown:,} labels shown; open {snakemake.output.page} in a browser")
