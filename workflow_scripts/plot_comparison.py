"""Draw every method's difference to the reference on the test split, with its interval."""

from spml import log

log.redirect(snakemake)

from spml import figures, tables

table = tables.read(snakemake.input.table)
scale = tables.read_map(snakemake.input.map)["scale"].iloc[0]
shown = table[table["chosen"]].sort_values("test_map", kind="stable").reset_index(drop=True)
lines = snakemake.params.options["lines"]
figure = figures.forest(shown, lines, scale)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
print(f"{len(shown)} methods of {len(table)}: each teacher, and of each student the variant that validation chose")
