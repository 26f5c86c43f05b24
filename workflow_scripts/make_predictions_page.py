"""Make the page of the predictions: new pictures with their labels, and those that could not be read."""

from spml.runtime import log

log.redirect(snakemake)

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spml.artifacts import documents, left_out, manifest, picture_files, predictions
from spml.evaluation import results
from spml.reporting import html
from spml.review import details, gallery, prediction_page, thumbnails
from spml.runtime.errors import InputError
from spml.runtime.files import writing

source, output = snakemake.input, snakemake.output
choice = documents.read(source.choice, "choice")
category, model = list(choice["thresholds"]), choice["model"]
listed = manifest.read(source.images)
located = picture_files.located(listed.path, source.tars)
rows = list(predictions.read(source.table, category))
if [row.image for row in rows] != listed.file_name:
    raise InputError(f"{source.table}: found other pictures than in {source.images}; delete the table to make it anew")
read = [number for number, row in enumerate(rows) if not row.problem]
paths, names = [located[number] for number in read], [rows[number].image for number in read]
contents = gallery.Contents(len(category), 1)


def collected() -> Iterator[np.ndarray]:
    """Add all rows to the contents; yield their probabilities."""
    for block in prediction_page.blocks([rows[number] for number in read], category):
        contents.add(*block)
        yield block[0]


sizes = list(details.write_blocks(output.details, output.page, paths, collected()))
with ThreadPoolExecutor(snakemake.threads) as pool:
    sizes += thumbnails.write_blocks(output.thumbnails, paths, pool.map)
folder = os.path.dirname(output.page)
data = {
    "model": results.method_label(model["kind"], model["name"], model["variant"], snakemake.params.labels),
    "variants": ["predicted"],
    "chosen": None,
    "thresholds": [round(1000 * threshold) for threshold in choice["thresholds"].values()],
    "categories": category,
    "images": names,
    "files": names,
    **contents.data,
    "thumbnails": os.path.relpath(output.thumbnails, folder),
    "details": os.path.relpath(output.details, folder),
    "block": thumbnails.BLOCK,
}
unread = prediction_page.unread(rows, left_out.read(source.left_out))
title = f"{snakemake.wildcards.dataset}: predictions"
with writing(output.page) as path:
    path.write_text(html.render("predictions.html", title=title, data=data, unread=unread), encoding="utf-8")
print(
    f"{len(names):,} pictures, {len(unread):,} files without a prediction, {sum(sizes) / 1e6:.1f} MB beside {output.page}"
)
