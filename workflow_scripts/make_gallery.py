"""Make the gallery: a page of the training pictures, or of those of the pool, with their observed, pseudo- and true labels."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import os
from collections.abc import Iterator

import numpy as np

from spml.artifacts import blocks, labels
from spml.evaluation import results
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.reporting import html
from spml.review import details, gallery
from spml.review.thumbnails import BLOCK
from spml.runtime.files import writing

options, source = snakemake.params.options, snakemake.input
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    rows = stack.enter_context(training_set.opening(true, source.observed, source.images, source.logits))
    pseudo = [stack.enter_context(labels.opening(path, "pseudo_labels")) for path in source.pseudo_labels]
    for matrix in pseudo:
        matrix.require_same_as(true)
    contents = gallery.Contents(len(rows.category), len(pseudo))

    def collected() -> Iterator[np.ndarray]:
        """Add all rows to the contents; yield their probabilities."""
        for block in blocks.row_blocks(rows.true.shape):
            probability = probabilities(rows.logits[block])
            contents.add(
                probability, [matrix.values[block] for matrix in pseudo], rows.observed[block], rows.true[block]
            )
            yield probability

    sizes = list(details.write_blocks(snakemake.output.details, snakemake.output.page, rows.path, collected()))

chosen = None
if source.map:
    variant = results.chosen_variant(results.read_map(source.map), options["student"])
    chosen = list(options["variants"]).index(variant) if variant else None
folder = os.path.dirname(snakemake.output.page)
of_pool = " of the pool" if options["part"] == "pool" else ""
title = (
    f"{snakemake.wildcards.dataset}: pseudo-labels {snakemake.wildcards.pseudo_labels}{of_pool}, replicate "
    f"{snakemake.wildcards.seed}"
)
data = {
    "part": options["part"],
    "teacher": options["teacher"],
    "variants": list(options["variants"].values()),
    "chosen": chosen,
    "thresholds": None,
    "categories": rows.category,
    "images": rows.image_id,
    "files": rows.file_name,
    "splits": rows.split.tolist() if rows.split is not None else [],  # 0 train, 1 val
    **contents.data,
    "thumbnails": os.path.relpath(source.thumbnails, folder),
    "details": os.path.relpath(snakemake.output.details, folder),
    "block": BLOCK,
}
with writing(snakemake.output.page) as path:
    path.write_text(html.render("gallery.html", title=title, data=data), encoding="utf-8")
shown = len(data["labels"]["category"])
print(
    f"{len(rows.image_id):,} images, {shown:,} labels shown, {sum(sizes) / 1e6:.1f} MB of details; open {snakemake.output.page} in a browser"
)
