"""Choose the candidate of a model whose backbone is trained: the best by validation mAP, of equals the first of the grid."""

from spml.runtime import log

log.redirect(snakemake)

import csv

from spml.artifacts import checkpoints
from spml.training.grid import edges
from spml.training.history import write_history

rows: list[dict] = []
for path in snakemake.input.histories:
    with open(path, newline="", encoding="utf-8") as file:
        rows += csv.DictReader(file)
found = [checkpoints.load(path)[1] for path in snakemake.input.checkpoints]
scores = [-1.0 if description.get("left_out") else description["val_map"] for description in found]
best = scores.index(max(scores))
weights, description = checkpoints.load_all(snakemake.input.checkpoints[best])
chosen = description["candidate"]
if not description.get("left_out"):
    for key, name in (("batch_size", "batch size"), ("learning_rate", "learning rate")):
        description["edges"] += edges(chosen[key], {other["candidate"][key] for other in found}, name)
checkpoints.save(snakemake.output.checkpoint, weights, description)
write_history(snakemake.output.history, rows)
for path, other in zip(snakemake.input.checkpoints, found, strict=True):
    print(
        f"{path}: "
        + (
            f"left out: {other['left_out']}"
            if other.get("left_out")
            else f"validation mAP {other['val_map']:.2f}, epoch {other['epoch']}"
        )
    )
print(f"chosen: {chosen}, validation mAP {description['val_map']}")
for edge in description["edges"]:
    print(f"the choice is at an edge, the {edge} that was tried: a better one may lie beyond")
