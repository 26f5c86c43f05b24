"""Make the gallery: a page of the training pictures with their observed, pseudo- and true labels."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import os

from spml.artifacts import blocks, labels
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.reporting import html
from spml.review import gallery
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
    for block in blocks.row_blocks(rows.true.shape):
        probability = probabilities(rows.logits[block])
        contents.add(probability, [matrix.values[block] for matrix in pseudo], rows.observed[block], rows.true[block])

title = f"{snakemake.wildcards.dataset}: pseudo-labels {snakemake.wildcards.pseudo_labels}, replicate {snakemake.wildcards.seed}"
data = {
    "teacher": options["teacher"],
    "variants": options["variants"],
    "categories": rows.category,
    "images": rows.image_id,
    "files": rows.file_name,
    "splits": rows.split.tolist() if rows.split is not None else [],  # 0 train, 1 val
    **contents.data,
    "thumbnails": os.path.relpath(source.thumbnails, os.path.dirname(snakemake.output.page)),
    "block": BLOCK,
}
with writing(snakemake.output.page) as path:
    path.write_text(html.render("gallery.html", title=title, data=data), encoding="utf-8")
shown = len(data["labels"]["category"])
print(f"{len(rows.image_id):,} images, {shown:,} labels shown; open {snakemake.output.page} in a browser")
