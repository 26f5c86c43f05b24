"""Draw what answers gain: label F1 and test mAP over the number of answers, a curve per strategy of questions."""

from spml.runtime import log

log.redirect(snakemake)

import pandas as pd

from spml.artifacts import tables
from spml.evaluation import answer_curves
from spml.reporting import figures
from spml.reporting.simulation_figure import over_answers

rounds = pd.concat([tables.read(path) for path in snakemake.input.tables], ignore_index=True)
tables.write(snakemake.output.table, rounds)
means = (
    rounds.groupby(["strategy", "answers"], sort=False)[["yes", "f1", "first_map", "student_map", "student_val_map"]]
    .mean()
    .round(2)
)
print(means.to_string())
for line in answer_curves.conclusions(rounds):
    print(line)
figures.save(over_answers(rounds), snakemake.output.svg, snakemake.output.png)
