"""Draw every method's difference to the reference on the test split, with its interval."""

from spml import log

log.redirect(snakemake)

from spml import figures, tables

table = tables.read(snakemake.input.table)
models = tables.read_map(snakemake.input.map)
shown = table[table["chosen"]].sort_values("test_map", kind="stable").reset_index(drop=True)
lines = snakemake.params.options["lines"]
if tables.is_tested(table):
    figure = figures.forest(shown, lines, models["scale"].iloc[0], tables.choice(models))
else:
    figure = figures.left_out("Comparison on the test split", tables.UNTESTED)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
print(f"{len(shown)} methods of {len(table)}: each teacher, and of each student the variant that validation chose")
