"""Make the page that asks the questions of the queue, with its pictures."""

from spml.runtime import log

log.redirect(snakemake)

import os
from concurrent.futures import ThreadPoolExecutor

from spml.artifacts import manifest, picture_files, records
from spml.data import csv_table
from spml.reporting import html
from spml.review import page
from spml.runtime.files import writing

source, output = snakemake.input, snakemake.output
records.verify(source.queue, "queue")
rows = csv_table.read_rows(source.queue, "columns " + ", ".join(page.COLUMNS))
images = manifest.read(source.images)
paths = picture_files.located(images.path, source.tars)
path_of = dict(zip(images.image_id, paths, strict=True))
image_ids, data = page.write_questions(output.data, rows)
with ThreadPoolExecutor(snakemake.threads) as pool:
    sizes = list(page.write_pictures(output.data, [path_of[name] for name in image_ids], pool.map))
data |= snakemake.params.options
data["folder"] = os.path.relpath(output.data, os.path.dirname(output.page))
title = f"{snakemake.wildcards.dataset}: what is in these pictures?"
with writing(output.page) as path:
    path.write_text(html.render("review.html", title=title, data=data), encoding="utf-8")
print(
    f"{len(rows):,} questions about {len(image_ids):,} pictures, {sum(sizes) / 1e6:.1f} MB; open {output.page} in a browser"
)
