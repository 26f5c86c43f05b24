"""Turn teachers' logits on the training rows into pseudo-labels, as HDF5 for training and as CSV for people."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import csv
import dataclasses

import numpy as np

from spml.artifacts import labels, priors
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel, TrueLabel
from spml.artifacts.spreadsheet import escaped
from spml.evaluation.label_counts import LabelCounts
from spml.labels import estimates, pseudo_labels, training_set
from spml.runtime.files import writing

options, source, output = snakemake.params.options, snakemake.input, snakemake.output
counts = LabelCounts()
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    split = options.get("split", "train")
    training = stack.enter_context(training_set.opening(true, source.observed, source.images, source.logits, split))
    category = training.category

    parameters = dict(options["parameters"])
    if parameters.get("prior"):
        parameters["prior"] = labels.by_category("pseudo_labels: prior", parameters["prior"], category, None)
    elif "prior" in parameters:
        parameters["prior"] = priors.read(source.priors, category)
    rule, evidence = (
        pseudo_labels.RULES[options["rule"]],
        estimates.Evidence(category, training.logits, training.observed),
    )
    if source.val_logits:
        val_logits = stack.enter_context(training_set.mean_logits(true, "val", source.val_logits))
        evidence = dataclasses.replace(evidence, val_logits=val_logits, val_true=true.select(true.rows("val")))
    arguments = estimates.arguments(rule, evidence, parameters)
    pseudo = pseudo_labels.apply(rule, training.logits, **arguments)
    attributes = {key: value for key, value in parameters.items() if np.ndim(value) == 0 and value is not None}
    attributes |= {
        "rule": options["rule"],
        "teacher": ", ".join(options["teacher"]),
        "keep_observed": options["keep_observed"],
    }
    dtype = pseudo[:0].dtype
    shown = "{:.4f}" if dtype.kind == "f" else "{:d}"
    matrix = stack.enter_context(
        labels.creating(output.labels, "pseudo_labels", training.image_id, category, pseudo.shape, dtype, **attributes)
    )
    part = stack.enter_context(
        writing(output.table)
    )  # for people: the labels that are pseudo, observed or true positives
    table = csv.writer(stack.enter_context(open(part, "w", newline="", encoding="utf-8")), lineterminator="\n")
    table.writerow(["image_id", "file_name", "category", "probability", "pseudo", "observed", "true"])
    for rows in labels.row_blocks(matrix):
        made, observed, present = pseudo[rows], training.observed[rows], training.true[rows]
        if options["keep_observed"]:
            made = pseudo_labels.keep_observed(made, observed)
        matrix[rows] = made
        counts.add(made, observed, present)
        positive = (made >= POSITIVE_TARGET) | (observed == ObservedLabel.PRESENT) | (present == TrueLabel.PRESENT)
        probability = pseudo_labels.probabilities(training.logits[rows][positive])
        for (row, column), chance in zip(np.argwhere(positive), probability, strict=True):
            names = [training.image_id[rows.start + row], training.file_name[rows.start + row], category[column]]
            known = present[row, column] if present[row, column] != TrueLabel.UNKNOWN.value else ""
            values = [shown.format(made[row, column]), observed[row, column], known]
            table.writerow([*map(escaped, names), f"{chance:.4f}", *values])
print(f"{snakemake.wildcards.variant}: " + ", ".join(f"{key} {value:,.4g}" for key, value in counts.row.items()))
