"""Turn a teacher's logits on the training rows into pseudo-labels, as HDF5 for training and as CSV for people."""

from spml import log

log.redirect(snakemake)

import csv

import numpy as np

from spml import labels, manifest, pseudo_labels
from spml.files import writing

options, tau = snakemake.params.options, float(snakemake.wildcards.tau)
logits = labels.read(snakemake.input.logits, "logits")
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed")
observed.require_same_as(true)
rows = true.rows("train")
logits.require_images_of(true, "train")
file_name = manifest.read(snakemake.input.images).file_name
present, seen = true.values[rows], observed.values[rows]

pseudo = pseudo_labels.threshold(logits.values, tau)
if options["keep_observed"]:
    pseudo = pseudo_labels.keep_observed(pseudo, seen)
attributes = {"rule": options["rule"], "tau": tau, "teacher": options["teacher"]}
labels.write(snakemake.output.labels, "pseudo_labels", logits.image_id, logits.category, pseudo, **attributes)

probability = pseudo_labels.probabilities(logits.values)
with writing(snakemake.output.table) as path, open(path, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["image_id", "file_name", "category", "probability", "pseudo", "observed", "true"])
    for row, column in np.argwhere((pseudo == 1) | (seen == 1) | (present == 1)):
        names = [logits.image_id[row], file_name[rows[row]], logits.category[column]]
        values = [pseudo[row, column], seen[row, column], present[row, column]]
        writer.writerow([*names, f"{probability[row, column]:.4f}", *values])
counts = pseudo_labels.count(pseudo, seen, present)
print(f"τ {tau:.2f}: " + ", ".join(f"{key} {value:,.4g}" for key, value in counts.items()))
