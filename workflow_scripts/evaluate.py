"""Measure a model on the validation and test splits, by the labels that are known."""

from spml.runtime import log

log.redirect(snakemake)

import json

from spml.artifacts import labels
from spml.evaluation import metrics
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.labels.pseudo_labels import probabilities
from spml.runtime.files import writing

SCORES = ("map", "map_present", "of1", "cf1", "of1_chosen", "cf1_chosen", "ece")  # null where nothing is known
train = labels.read(snakemake.input.train_labels, "labels")
test = labels.read(snakemake.input.test_labels, "labels")
observed = labels.read(snakemake.input.observed, "observed") if snakemake.input.observed else None
record: dict = {"validation_labels": "observed" if observed else "full"}
for split, part in (("val", train), ("test", test)):
    logits = labels.read(snakemake.input[split], "logits")
    logits.require_images_of(part, split)
    true = (labels.selection_labels(train, observed) if split == "val" else test.values)[part.rows(split)]
    probability, known = probabilities(logits.values), true >= 0
    score, present = logits.values[known], true[known]
    if split == "val":
        record["threshold"] = metrics.best_threshold(probability[known], present)
    precision = average_precision(logits.values, true)
    published, of_present = mean_average_precision(precision)
    per_category = {
        name: None if value != value else value for name, value in zip(part.category, precision.tolist(), strict=True)
    }
    of1, cf1 = metrics.f1(known & (probability > 0.5), true == 1)
    chosen_of1, chosen_cf1 = metrics.f1(known & (probability > record["threshold"]), true == 1)
    bins = metrics.reliability(probability[known], present)
    record[split] = {
        "images": len(true),
        "known_labels": len(present),
        "map": published,
        "map_present": of_present,
        "categories": len(precision),
        "categories_present": sum(value is not None for value in per_category.values()),
        "micro_ap": metrics.micro_average_precision(score, present) if present.any() else None,
        "of1": of1,
        "cf1": cf1,
        "of1_chosen": chosen_of1,
        "cf1_chosen": chosen_cf1,
        "ece": metrics.calibration_error(bins),
        "average_precision": per_category,
        "reliability": bins,
    }
    if not len(present):
        metrics[split] |= dict.fromkeys(SCORES)
        print(f"{split}: no label of its {len(true):,} images is known: not measured")
        continue
    print(
        f"{split}: mAP {published:.2f} (categories present: {of_present:.2f}), OF1 {of1:.2f} at 0.5, "
        f"{chosen_of1:.2f} at {metrics['threshold']:.3f}, {len(true):,} images"
    )
with writing(snakemake.output.metrics) as path:
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
