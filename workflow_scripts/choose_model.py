"""Choose the model that labels new images, and a threshold for each of its categories; both on validation."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

from spml.artifacts import blocks, checkpoints, documents, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results, thresholds
from spml.labels.pseudo_labels import probabilities

candidates, number = snakemake.params.options["candidates"], 0
if len(candidates) > 1:
    methods = results.methods(results.read_map(snakemake.input.table))
    chosen = [methods.loc[(entry["kind"], entry["name"], entry["variant"]), "chosen"] for entry in candidates]
    number = chosen.index(True)
candidate = candidates[number]
observed_file = snakemake.input.observed
with (
    labels.opening(snakemake.input.labels, "labels") as true,
    labels.opening(observed_file, "observed") if observed_file else contextlib.nullcontext() as observed,
    labels.opening(snakemake.input.logits[number], "logits") as logits,
):
    logits.require_images_of(true, "val")
    selection_labels = labels.selection_labels(true, observed)
    by_category, overall = thresholds.by_category(blocks.Mapped(probabilities, logits.values), selection_labels)
    positives = labels.count(selection_labels, TrueLabel.PRESENT)
weights, description = checkpoints.load(snakemake.input.checkpoints[number])
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
    "threshold": overall,
    "thresholds": dict(zip(true.category, by_category.tolist(), strict=True)),
    "positives": dict(zip(true.category, positives.tolist(), strict=True)),
}
checkpoints.save(snakemake.output.checkpoint, weights, description)
documents.write(snakemake.output.choice, "choice", record)
label = results.variant_label(candidate["name"], candidate["variant"])
print(f"{label}, chosen from {len(candidates)} candidates: validation mAP {description['val_map']:.2f}")
for name, threshold in record["thresholds"].items():
    note = "" if record["positives"][name] else ", the threshold of all categories: no positive in the validation rows"
    print(f"{name}: {threshold:.4f}{note}")
