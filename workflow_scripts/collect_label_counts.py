"""Count the pseudo-labels of every variant and replicate, and how many are right, in one table."""

from spml.runtime import log

log.redirect(snakemake)

import pandas as pd

from spml.artifacts import labels, tables
from spml.evaluation import label_counts
from spml.labels import variants

true = labels.read(snakemake.input.labels, "labels")
files = snakemake.input.pseudo_labels, snakemake.input.observed
table = pd.DataFrame(
    variant | label_counts.count(pseudo, observed, present)
    for variant, pseudo, observed, present in variants.read(true, snakemake.params.variants, *files)
)
tables.write(snakemake.output.table, table)
print(table.drop(columns="images").to_string(index=False, float_format="%.3f"))
