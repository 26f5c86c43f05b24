"""Count the pseudo-labels of every variant and replicate, and how many are right, in one table."""

from spml.runtime import log

log.redirect(snakemake)

import pandas as pd

from spml.artifacts import labels, tables
from spml.evaluation.label_counts import LabelCounts
from spml.labels import variants

files = snakemake.input.pseudo_labels, snakemake.input.observed
rows = []
with labels.opening(snakemake.input.labels, "labels") as true:
    for variant, blocks in variants.read(true, snakemake.params.variants, *files):
        counts = LabelCounts()
        for block in blocks:
            counts.add(*block)
        rows.append(variant | counts.row)
table = pd.DataFrame(rows)
tables.write(snakemake.output.table, table)
print(table.drop(columns="images").to_string(index=False, float_format="%.3f"))
