"""Draw precision and recall of the pseudo-labels by category and τ, with the most frequent confusions."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tables
from spml.evaluation import results
from spml.reporting import figures, label_quality_figure

options = snakemake.params.options
table, pairs = (results.with_found_tau(tables.read(snakemake.input[name])) for name in ("label_quality", "confusions"))
name = options["pseudo_labels"]
table, pairs = table[table["pseudo_labels"] == name], pairs[pairs["pseudo_labels"] == name]
if table["known"].any():
    figure = label_quality_figure.draw(table, pairs, name)
else:
    figure = figures.left_out(f"Quality of the pseudo-labels {name}", "no true label of a training image is known")
figures.save(figure, snakemake.output.svg, snakemake.output.png)
print(table.groupby("tau")[["precision", "recall"]].mean().round(3).to_string())
