"""Draw figure 1a: test mAP of the students over τ, among the teachers as lines."""

from spml import log

log.redirect(snakemake)

import pandas as pd

from spml import figures

options = snakemake.params.options
table = pd.read_csv(snakemake.input.table)
complete = (table["test_categories_present"] == table["categories"]).all()
value, axis = ("test_map", "test mAP (%)") if complete else ("test_map_present", "test mAP, categories present (%)")
students = table[(table["kind"] == "students") & (table["name"] == options["students"])]
teachers = table[table["kind"] == "teachers"]
lines = []
for name in options["lines"]:
    scores = teachers.loc[teachers["name"] == name, value]
    lines.append((name, scores.mean(), scores.std(ddof=1) if len(scores) > 1 else 0.0))
    print(f"{name}: {scores.mean():.2f} ± {lines[-1][2]:.2f} over {len(scores)} replicates")
print(students.groupby("tau")[value].agg(["mean", "std"]).round(2).to_string())
figure = figures.over_tau(students, value, lines, f"students {options['students']}", axis)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
