"""Count the pseudo-labels of every variant and replicate, and what they got right, in one table."""

from spml import log

log.redirect(snakemake)

import pandas as pd

from spml import labels, pseudo_labels
from spml.files import writing

true = labels.read(snakemake.input.labels, "labels")
train = true.rows("train")
variants = snakemake.params.variants
observed: dict[int, labels.Matrix] = {}
for seed, path in zip(sorted({variant["seed"] for variant in variants}), snakemake.input.observed, strict=True):
    observed[seed] = labels.read(path, "observed")
    observed[seed].require_same_as(true)
rows = []
for variant, path in zip(variants, snakemake.input.pseudo_labels, strict=True):
    pseudo = labels.read(path, "pseudo_labels")
    pseudo.require_images_of(true, "train")
    rows.append(
        variant | pseudo_labels.count(pseudo.values, observed[variant["seed"]].values[train], true.values[train])
    )
table = pd.DataFrame(rows)
with writing(snakemake.output.table) as path:
    table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
print(table.drop(columns="images").to_string(index=False, float_format="%.3f"))
