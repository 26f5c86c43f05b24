"""Draw figure 1a: test mAP of the students over τ, among the teachers as lines; validation mAP where test labels are unknown."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tables
from spml.evaluation import results
from spml.reporting import figures, numbers

options = snakemake.params.options
table = results.read_map(snakemake.input.table)
students = table[(table["kind"] == "students") & (table["name"] == options["students"])]
if snakemake.input.counts:  # a target found a τ in each replicate
    counts = results.with_found_tau(tables.read(snakemake.input.counts))
    found = counts[counts["pseudo_labels"] == options["pseudo_labels"]].set_index("seed")["tau"]
    students = students.assign(tau=students["seed"].map(found))
tested = results.is_tested(table)
score = "test_score" if tested else "val_score"
teachers = results.mean_std(table[table["kind"] == "teachers"], "name", score)
lines = []
for name in options["baselines"]:
    mean, std = teachers.loc[name]
    lines.append((results.method_label("teachers", name, "", options["labels"]), mean, std))
    print(f"{name}: {numbers.mean_std(mean, std)}")
print(results.mean_std(students, "tau", score).round(2).to_string())
axis = f"{'test' if tested else 'validation'} {table['scale'].iloc[0]}"
note = results.selection(table["select_on"].iloc[0])
if not tested:
    note += f";\nvalidation is shown, since {results.UNTESTED}"
label = results.method_label("students", options["students"], "", options["labels"])
if len(students):
    figure = figures.over_tau(students, score, lines, label, axis, note=note)
else:
    figure = figures.left_out(label, "no τ adds a label that a student could learn from")
figures.save(figure, snakemake.output.svg, snakemake.output.png)
