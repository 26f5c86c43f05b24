"""Choose the model that labels new images, and a threshold for each of its categories; both on validation."""

from spml.runtime import log

log.redirect(snakemake)

import shutil

from spml.artifacts import checkpoints, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results, thresholds
from spml.labels.pseudo_labels import probabilities
from spml.runtime.files import write_json, writing

candidates, number = snakemake.params.options["candidates"], 0
if len(candidates) > 1:
    methods = results.methods(results.read_map(snakemake.input.table))
    chosen = [methods.loc[(entry["kind"], entry["name"], entry["variant"]), "chosen"] for entry in candidates]
    number = chosen.index(True)
candidate = candidates[number]
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed") if snakemake.input.observed else None
logits = labels.read(snakemake.input.logits[number], "logits")
logits.require_images_of(true, "val")
selection_labels = labels.selection_labels(true, observed)[true.rows("val")]
by_category, overall = thresholds.by_category(probabilities(logits.values), selection_labels)
_, description = checkpoints.load(snakemake.input.checkpoints[number])
record = {
    "dataset": snakemake.wildcards.dataset,
    "model": candidate,
    "candidates": len(candidates),
    "seed": snakemake.params.options["seed"],
    "backbone": snakemake.params.options["backbone"],
    "select_on": description["select_on"],
    "val_map": description["val_map"],
    "threshold": overall,
    "thresholds": dict(zip(true.category, by_category.tolist(), strict=True)),
    "positives": dict(zip(true.category, (selection_labels == TrueLabel.PRESENT).sum(0).tolist(), strict=True)),
}
with writing(snakemake.output.checkpoint) as path:
    shutil.copyfile(snakemake.input.checkpoints[number], path)
write_json(snakemake.output.choice, record, indent=1)
label = results.variant_label(candidate["name"], candidate["variant"])
print(f"{label} of {len(candidates)}, validation mAP {description['val_map']:.2f}")
for name, threshold in record["thresholds"].items():
    missing = "" if record["positives"][name] else ", that of all categories: no positive among the validation images"
    print(f"{name}: {threshold:.4f}{missing}")
