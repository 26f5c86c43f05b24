"""Draw figure 1a: test mAP of the students over τ, among the teachers as lines; validation mAP where test labels are unknown."""

from spml.runtime import log

log.redirect(snakemake)

from spml.evaluation import results
from spml.reporting import figures

options = snakemake.params.options
table = results.read_map(snakemake.input.table)
students = table[(table["kind"] == "students") & (table["name"] == options["students"])]
teachers = table[table["kind"] == "teachers"]
tested = results.is_tested(table)
score = "test_score" if tested else "val_score"
lines = []
for name in options["lines"]:
    scores = teachers.loc[teachers["name"] == name, score]
    lines.append((name, scores.mean(), scores.std(ddof=1) if len(scores) > 1 else 0.0))
    print(f"{name}: {scores.mean():.2f} ± {lines[-1][2]:.2f} over {len(scores)} replicates")
print(students.groupby("tau")[score].agg(["mean", "std"]).round(2).to_string())
axis = f"{'test' if tested else 'validation'} {table['scale'].iloc[0]}"
note = results.choice(table)
if not tested:
    note += f";\nvalidation is shown, since {results.UNTESTED}"
figure = figures.over_tau(students, score, lines, f"students {options['students']}", axis, note=note)
figures.save(figure, snakemake.output.svg, snakemake.output.png)
