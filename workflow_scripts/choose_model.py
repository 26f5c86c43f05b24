"""Choose the model that labels new images, and a threshold for each of its categories; both on validation."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

from spml.artifacts import blocks, checkpoints, documents, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results, thresholds
from spml.labels import priors
from spml.labels.pseudo_labels import probabilities
from spml.runtime.errors import InputError

candidates, index = snakemake.params.options["candidates"], 0
if len(candidates) > 1:
    methods = results.methods(results.read_map(snakemake.input.table))
    names = set(methods.index[methods["chosen"]])
    is_chosen = [(entry["kind"], entry["name"], entry["variant"]) in names for entry in candidates]
    if True not in is_chosen:
        raise InputError("no candidate is left, since no τ adds a label; wanted lower taus, or predict.model: em")
    index = is_chosen.index(True)
candidate = candidates[index]
observed_file = snakemake.input.observed
with (
    labels.opening(snakemake.input.labels, "labels") as true,
    labels.opening(observed_file, "observed") if observed_file else contextlib.nullcontext() as observed,
    labels.opening(snakemake.input.logits[index], "logits") as logits,
):
    logits.require_images_of(true, "val")
    selection_labels = labels.selection_labels(true, observed)
    probability, number = blocks.Mapped(probabilities, logits.values), None
    if observed:  # of labels that are observed alone, F1 would ask for too few
        number = snakemake.params.options["labels_per_image"] or priors.estimated_number(
            logits.values, observed.select(true.rows("val"))
        )
        chosen = thresholds.by_labels_per_image(probability, number)
    else:
        chosen = thresholds.by_category(probability, selection_labels)
    positives = labels.count(selection_labels, TrueLabel.PRESENT)
weights, description = checkpoints.load(snakemake.input.checkpoints[index])
if reason := description.get("left_out"):
    raise InputError(f"predict.model: {candidate['name']} is left out: {reason}; wanted another model")
record = {
    "dataset": snakemake.wildcards.dataset,
    "model": candidate,
    "candidates": len(candidates),
    "seed": snakemake.params.options["seed"],
    "backbone": snakemake.params.options["backbone"],
    "select_on": description["select_on"],
    "val_map": description["val_map"],
    "candidate": description["candidate"],
    "edges": description["edges"],
    "labels_per_image": number,
    "threshold": chosen.overall,
    "thresholds": dict(zip(true.category, chosen.values.tolist(), strict=True)),
    "threshold_sources": {name: chosen.source(column) for column, name in enumerate(true.category)},
    "positives": dict(zip(true.category, positives.tolist(), strict=True)),
}
checkpoints.save(snakemake.output.checkpoint, weights, description)
documents.write(snakemake.output.choice, "choice", record)
label = results.variant_label(candidate["name"], candidate["variant"])
print(f"{label}, chosen from {len(candidates)} candidates: validation mAP {description['val_map']:.2f}")
for name, threshold in record["thresholds"].items():
    count, by = record["positives"][name], record["threshold_sources"][name]
    print(f"{name}: {threshold:.4f}, {by}; {count:,} positives in the validation rows")
