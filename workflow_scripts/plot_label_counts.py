"""Draw figure 1b: pseudo-positives per image over τ, with the means of true and of observed labels as lines."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import tables
from spml.evaluation import results
from spml.reporting import figures

options = snakemake.params.options
table = results.with_found_tau(tables.read(snakemake.input.table))
counts = table[table["pseudo_labels"] == options["pseudo_labels"]]
per_image = (counts["observed_positives"] / counts["images"]).mean()
observed = ("single positive" if per_image == 1 else "observed labels", per_image, np.nan)
lines = [observed]
known = counts["known_share"].mean()  # of the true labels of the training images
if known:
    name = "true labels" if known == 1 else f"true labels,\nknown {100 * known:.2g} %"
    lines.insert(0, (name, counts["true_positives_per_image"].mean(), np.nan))
print(results.mean_std(counts, "tau", "positives_per_image").round(3).to_string())
label = f"pseudo-labels {options['pseudo_labels']}"
figure = figures.over_tau(counts, "positives_per_image", lines, label, "positives per image", from_zero=True)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
