"""Draw the share of present entries against the predicted probability, on the test split."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import documents
from spml.evaluation import calibration, results
from spml.reporting import figures

options = snakemake.params.options
table = results.read_map(snakemake.input.table)
methods = results.methods(table)
chosen = methods[methods["chosen"]].index
shown = [("teachers", name, "") for name in options["baselines"]]
shown += [method for method in chosen if method[:2] == ("students", options["students"])]
bins: dict[tuple[str, ...], list[calibration.Bins]] = {method: [] for method in shown}
for model, path in zip(snakemake.params.models, snakemake.input.metrics, strict=True):
    method = tuple(model[key] for key in results.METHOD)
    if method in bins:
        bins[method].append(documents.read(path, "metrics")["test"]["reliability"])
curves = []
for method, parts in bins.items():
    pooled = calibration.pooled(parts)
    curves.append(
        (
            results.method_label(method[0], method[1], method[2], options["labels"]),
            pooled,
            calibration.calibration_error(pooled),
        )
    )
    print(f"{curves[-1][0]}: expected calibration error {curves[-1][2]:.2f} % over all replicates")
if results.is_tested(table):
    note = results.selection(table["select_on"].iloc[0])
    figure = figures.calibration(curves, table["seed"].nunique(), note)
else:
    figure = figures.left_out("Calibration on the test split", results.UNTESTED)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
