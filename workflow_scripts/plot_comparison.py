"""Draw every method's difference to the reference on the test split, with its interval."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tables
from spml.evaluation import results
from spml.reporting import figures

table = tables.read(snakemake.input.table)
models = results.read_map(snakemake.input.map)
shown = table[table["chosen"]].sort_values("test_map", kind="stable").reset_index(drop=True)
options = snakemake.params.options
if results.is_tested(table):
    note = results.selection(models["select_on"].iloc[0])
    figure = figures.forest(shown, options["baselines"], models["scale"].iloc[0], note, options["labels"])
else:
    figure = figures.left_out("Comparison on the test split", results.UNTESTED)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
print(f"{len(shown)} methods of {len(table)}: each teacher, and of each student the variant that validation chose")
