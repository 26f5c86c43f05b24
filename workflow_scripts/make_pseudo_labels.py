"""Turn teachers' logits into pseudo-labels of the training part, or of the pool: as HDF5 for training, as CSV for people."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import csv

import numpy as np

from spml.artifacts import blocks, labels, priors
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel, PseudoLabel, TrueLabel
from spml.artifacts.spreadsheet import escaped
from spml.evaluation.label_counts import LabelCounts
from spml.labels import estimates, pseudo_labels, tau_search, training_set
from spml.runtime.files import writing

options, source, output = snakemake.params.options, snakemake.input, snakemake.output
target, keep = options.get("target", {}), options["keep_observed"]
counts = LabelCounts()
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    images = stack.enter_context(training_set.opening(true, source.observed, source.images, source.logits))
    category, training = images.category, images.rows("train")  # rules rank and estimate on what students learn from
    logits, observed, _ = images.select(training)
    val_logits, val_observed, val_true = images.select(images.rows("val"))

    parameters = dict(options["parameters"])
    if parameters.get("prior"):
        parameters["prior"] = labels.by_category("pseudo_labels: prior", parameters["prior"], category, None)
    elif "prior" in parameters:
        parameters["prior"] = priors.read(source.priors, category)
    if target:
        number = target.get("labels_per_image")
        if number == "priors":
            number = float(priors.read(source.priors, category).sum())
        if number:
            found = tau_search.by_labels_per_image(logits, observed, number, keep)
        else:
            val = blocks.sampled(val_logits, val_observed, val_true)
            known = options["calibrate_on"] == "true_labels"
            posterior = tau_search.validated(*val) if known else tau_search.estimated(*val[:2])
            found = tau_search.by_precision(logits, observed, posterior, target["precision"])
        parameters["tau"] = found.tau
        print(tau_search.sentence(found, target))
    rule = pseudo_labels.RULES[options["rule"]]
    evidence = estimates.Evidence(category, logits, observed, val_logits, val_true)
    arguments = estimates.arguments(rule, evidence, parameters)
    pseudo = pseudo_labels.apply(rule, images.logits, training, **arguments)
    attributes = {key: value for key, value in parameters.items() if np.ndim(value) == 0 and value is not None}
    attributes |= {"rule": options["rule"], "teacher": ", ".join(options["teacher"]), "keep_observed": keep}
    attributes |= {f"target_{key}": value for key, value in target.items()}
    dtype = pseudo[:0].dtype
    shown = "{:.4f}" if dtype.kind == "f" else "{:d}"
    matrix = stack.enter_context(
        labels.creating(
            output.labels, "pseudo_labels", images.image_id, category, pseudo.shape, dtype, images.split, **attributes
        )
    )
    part = stack.enter_context(
        writing(output.table)
    )  # for people: the labels that are pseudo, observed or true positives
    table = csv.writer(stack.enter_context(open(part, "w", newline="", encoding="utf-8")), lineterminator="\n")
    table.writerow(["image_id", "file_name", "split", "category", "probability", "pseudo", "observed", "true"])
    splits, is_training = images.named_splits(), np.isin(np.arange(len(images.image_id)), training)
    for rows in labels.row_blocks(matrix):
        made, seen, present = pseudo[rows], images.observed[rows], images.true[rows]
        if images.left_out:
            made = np.full_like(made, PseudoLabel.ABSENT)
        if keep:
            made = pseudo_labels.keep_observed(made, seen)
        matrix[rows] = made
        learnt = is_training[rows]
        counts.add(made[learnt], seen[learnt], present[learnt])
        positive = (made >= POSITIVE_TARGET) | (seen == ObservedLabel.PRESENT) | (present == TrueLabel.PRESENT)
        probability = pseudo_labels.probabilities(images.logits[rows][positive])
        for (row, column), chance in zip(np.argwhere(positive), probability, strict=True):
            image = rows.start + row
            names = [images.image_id[image], images.file_name[image], splits[image], category[column]]
            known_label = present[row, column] if present[row, column] != TrueLabel.UNKNOWN.value else ""
            values = [shown.format(made[row, column]), seen[row, column], known_label]
            table.writerow([*map(escaped, names), f"{chance:.4f}", *values])
    if reason := images.left_out or counts.adds_nothing:
        matrix.file.attrs["left_out"] = reason  # a student of these labels is left out, not the end of the run
variant = snakemake.wildcards.variant
print(f"{variant}: " + ", ".join(f"{key} {value:,.4g}" for key, value in counts.row.items()))
print(f"{variant}: {counts.sentence}" + (f" {reason}: students of these labels are left out" if reason else ""))
