"""Measure the quality of the pseudo-labels of every variant and replicate by category, and list the confusions."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np
import pandas as pd

from spml.artifacts import labels, tables
from spml.evaluation.label_quality import LabelQuality
from spml.labels import variants

PAIRS = 3  # the most frequent confusions of each category
files = snakemake.input.pseudo_labels, snakemake.input.observed
quality, pairs = [], []
with labels.opening(snakemake.input.labels, "labels") as true:
    category = np.array(true.category)
    for variant, blocks in variants.read(true, snakemake.params.variants, *files):
        counts = LabelQuality(len(category))
        for block in blocks:
            counts.add(*block)
        table = counts.by_category
        instead, images = counts.confusions(PAIRS)
        most = images[:, 0]
        table["confused_with"] = np.where(most > 0, category[instead[:, 0]], "")
        table["confused_images"] = most
        table.insert(0, "category", category)
        quality.append(table.assign(**variant)[[*variant, *table]])
        for missing, rank in np.argwhere(images > 0):
            wrong = instead[missing, rank]
            pair = {"missing": category[missing], "instead": category[wrong], "images": images[missing, rank]}
            pairs.append(variant | pair)
confusions = pd.DataFrame(pairs, columns=[*variant, "missing", "instead", "images"])
tables.write(snakemake.output.label_quality, pd.concat(quality))
tables.write(snakemake.output.confusions, confusions)
print(confusions.sort_values("images", ascending=False, kind="stable").head(20).to_string(index=False))
