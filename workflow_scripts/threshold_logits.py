"""Turn teachers' logits on the training rows into pseudo-labels, as HDF5 for training and as CSV for people."""

from spml import log

log.redirect(snakemake)

import csv

import numpy as np

from spml import labels, manifest, pseudo_labels
from spml.cells import escaped
from spml.files import writing

options = snakemake.params.options
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed")
observed.require_same_as(true)
rows = true.rows("train")
teachers = [labels.read(path, "logits") for path in snakemake.input.logits]
for teacher in teachers:
    teacher.require_images_of(true, "train")
logits = np.mean([teacher.values for teacher in teachers], axis=0) if len(teachers) > 1 else teachers[0].values
file_name = manifest.read(snakemake.input.images).file_name
image_id, category = true.ids("train"), true.category
present, seen = true.values[rows], observed.values[rows]

parameters = dict(options["parameters"])
if parameters.get("prior"):
    parameters["prior"] = labels.by_category("pseudo_labels: prior", parameters["prior"], category, None)
elif "prior" in parameters:
    parameters["prior"] = true.values[true.rows("val")].mean(0)  # what the validation labels say
pseudo = pseudo_labels.RULES[options["rule"]](logits, **parameters)
if options["keep_observed"]:
    pseudo = pseudo_labels.keep_observed(pseudo, seen)
attributes = {key: value for key, value in parameters.items() if np.ndim(value) == 0}
attributes |= {
    "rule": options["rule"],
    "teacher": ", ".join(options["teacher"]),
    "keep_observed": options["keep_observed"],
}
labels.write(snakemake.output.labels, "pseudo_labels", image_id, category, pseudo, **attributes)

probability = pseudo_labels.probabilities(logits)
shown = "{:.4f}" if pseudo.dtype.kind == "f" else "{:d}"
with writing(snakemake.output.table) as path, open(path, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["image_id", "file_name", "category", "probability", "pseudo", "observed", "true"])
    for row, column in np.argwhere((pseudo >= 0.5) | (seen == 1) | (present == 1)):
        names = [image_id[row], file_name[rows[row]], category[column]]
        values = [shown.format(pseudo[row, column]), seen[row, column], present[row, column]]
        writer.writerow([*map(escaped, names), f"{probability[row, column]:.4f}", *values])
counts = pseudo_labels.count(pseudo, seen, present)
print(f"{snakemake.wildcards.variant}: " + ", ".join(f"{key} {value:,.4g}" for key, value in counts.items()))
