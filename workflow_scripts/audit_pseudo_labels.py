"""Audit the pseudo-labels of every variant and replicate by category, and list what is taken for what."""

from spml import log

log.redirect(snakemake)

import numpy as np
import pandas as pd

from spml import audit, labels
from spml.files import writing

PAIRS = 3  # the most frequent confusions of each category
true = labels.read(snakemake.input.labels, "labels")
train, category = true.rows("train"), np.array(true.category)
variants = snakemake.params.variants
observed = {}
for seed, path in zip(sorted({variant["seed"] for variant in variants}), snakemake.input.observed, strict=True):
    observed[seed] = labels.read(path, "observed")
    observed[seed].require_same_as(true)
audits, pairs = [], []
for variant, path in zip(variants, snakemake.input.pseudo_labels, strict=True):
    pseudo = labels.read(path, "pseudo_labels")
    pseudo.require_images_of(true, "train")
    table = audit.by_category(pseudo.values, observed[variant["seed"]].values[train], true.values[train])
    images = audit.confusions(pseudo.values, true.values[train])
    most = images.argmax(1)
    table["confused_with"] = np.where(images.max(1) > 0, category[most], "")
    table["confused_images"] = images.max(1)
    table.insert(0, "category", category)
    audits.append(table.assign(**variant)[[*variant, *table]])
    for missing, instead in enumerate(np.argsort(-images, axis=1, kind="stable")[:, :PAIRS]):
        for wrong in instead[images[missing, instead] > 0]:
            pair = {"missing": category[missing], "instead": category[wrong], "images": images[missing, wrong]}
            pairs.append(variant | pair)
columns = [*variants[0], "missing", "instead", "images"]
frames = {"audit": pd.concat(audits), "confusions": pd.DataFrame(pairs, columns=columns)}
for name, frame in frames.items():
    with writing(snakemake.output[name]) as path:
        frame.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
print(frames["confusions"].nlargest(20, "images").to_string(index=False))
