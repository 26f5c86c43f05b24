"""Choose the model that labels new images on validation; its thresholds are those that its metrics are measured at."""

from spml.runtime import log

log.redirect(snakemake)

import json

from spml.artifacts import checkpoints, documents, features
from spml.evaluation import results
from spml.runtime.errors import InputError

THRESHOLDS = ("labels_per_image", "threshold", "thresholds", "threshold_sources", "positives")
candidates, index = snakemake.params.options["candidates"], 0
if len(candidates) > 1:
    methods = results.methods(results.read_map(snakemake.input.table))
    names = set(methods.index[methods["chosen"]])
    is_chosen = [(entry["kind"], entry["name"], entry["variant"]) in names for entry in candidates]
    if True not in is_chosen:
        raise InputError("no candidate is left, since no τ adds a label; wanted lower taus, or predict.model: em")
    index = is_chosen.index(True)
candidate = candidates[index]
measured = documents.read(snakemake.input.metrics[index], "metrics")
weights, description = checkpoints.load_all(snakemake.input.checkpoints[index])
if reason := description.get("left_out"):
    raise InputError(f"predict.model: {candidate['name']} is left out: {reason}; wanted another model")
if snakemake.input.trained:  # a head on a backbone that was trained with another model takes that along
    backbone, _ = checkpoints.load_part(snakemake.input.trained[index], checkpoints.BACKBONE)
    weights |= {f"{checkpoints.BACKBONE}{name}": value for name, value in backbone.items()}
with features.reading(snakemake.input.features) as stored:
    preprocessing = json.loads(str(stored.settings["preprocessing"]))
record = {
    "dataset": snakemake.wildcards.dataset,
    "model": candidate,
    "candidates": len(candidates),
    "seed": snakemake.params.options["seed"],
    "backbone": snakemake.params.options["backbone"]
    | {"preprocessing": preprocessing, "trained": bool(snakemake.input.trained)},
    "select_on": description["select_on"],
    "val_map": description["val_map"],
    "candidate": description["candidate"],
    "edges": description["edges"],
} | {key: measured[key] for key in THRESHOLDS}
checkpoints.save(snakemake.output.checkpoint, weights, description)
documents.write(snakemake.output.choice, "choice", record)
label = results.variant_label(candidate["name"], candidate["variant"])
print(f"{label}, chosen from {len(candidates)} candidates: validation mAP {description['val_map']:.2f}")
for name, threshold in record["thresholds"].items():
    count, by = record["positives"][name], record["threshold_sources"][name]
    print(f"{name}: {threshold:.4f}, {by}; {count:,} positives in the validation rows")
