"""Measure a model on the validation and test splits."""

from spml import log

log.redirect(snakemake)

import json

from spml import labels
from spml.average_precision import average_precision, mean_average_precision
from spml.files import writing

metrics = {}
for split in ("val", "test"):
    logits = labels.read(snakemake.input[split], "logits")
    true = labels.read(snakemake.input[f"{labels.PARTS[split]}_labels"], "labels")
    rows = true.rows(split)
    logits.require_images_of(true, split)
    precision = average_precision(logits.values, true.values[rows])
    published, present = mean_average_precision(precision)
    per_category = {
        name: None if value != value else value for name, value in zip(true.category, precision.tolist(), strict=True)
    }
    metrics[split] = {
        "images": len(rows),
        "map": published,
        "map_present": present,
        "categories": len(precision),
        "categories_present": sum(value is not None for value in per_category.values()),
        "average_precision": per_category,
    }
    print(f"{split}: mAP {published:.2f} (categories present: {present:.2f}), {len(rows):,} images")
with writing(snakemake.output.metrics) as path:
    path.write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
