"""Draw figure 1b: pseudo-positives per image over τ, with the true mean and the single positive as lines."""

from spml import log

log.redirect(snakemake)

from spml import figures, tables

options = snakemake.params.options
table = tables.read(snakemake.input.table)
counts = table[table["pseudo_labels"] == options["pseudo_labels"]]
lines = [("true labels", counts["true_positives_per_image"].mean(), 0.0), ("single positive", 1.0, 0.0)]
print(counts.groupby("tau")["positives_per_image"].agg(["mean", "std"]).round(3).to_string())
label = f"pseudo-labels {options['pseudo_labels']}"
figure = figures.over_tau(counts, "positives_per_image", lines, label, "positives per image", from_zero=True)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
