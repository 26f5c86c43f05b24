"""Put the methods of several experiments in one table, and draw their differences to the reference in one figure."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tables
from spml.evaluation import experiments, results
from spml.reporting import figures
from spml.runtime.errors import InputError

options = snakemake.params.options
names = options["experiments"]
compared = dict(zip(names, map(tables.read, snakemake.input.tables), strict=True))
maps = dict(zip(names, map(results.read_map, snakemake.input.maps), strict=True))
scales = {name: models["scale"].iloc[0] for name, models in maps.items()}
if len(set(scales.values())) > 1:
    found = ", ".join(f"{scale} in {name}" for name, scale in scales.items())
    raise InputError(f"experiments: found test {found}; wanted experiments that are tested on the same labels")
table = experiments.combined(compared)
tables.write(snakemake.output.table, table, decimals=4)
if results.is_tested(table):
    selections = {results.selection(models["select_on"].iloc[0]) for models in maps.values()}
    shown = experiments.shown(table, options["labels"])
    figure = figures.forest(shown, [], next(iter(scales.values())), " or ".join(sorted(selections)), {})
else:
    figure = figures.left_out("Comparison on the test split", results.UNTESTED)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
columns = ["experiment", "name", "variant", "test_map", "difference", "difference_low", "difference_high", "reference"]
print(table[columns].to_string(index=False, float_format="%.2f"))
