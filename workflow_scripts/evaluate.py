"""Evaluate a model on the validation and test splits, by the labels that are known."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import documents, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import metrics
from spml.evaluation.thresholds import best_threshold
from spml.labels.pseudo_labels import probabilities

train = labels.read(snakemake.input.train_labels, "labels")
test = labels.read(snakemake.input.test_labels, "labels")
observed = labels.read(snakemake.input.observed, "observed") if snakemake.input.observed else None
record: dict = {"select_on": "observed_labels" if observed else "true_labels"}
for split, part in (("val", train), ("test", test)):
    logits = labels.read(snakemake.input[split], "logits")
    logits.require_images_of(part, split)
    true = (labels.selection_labels(train, observed) if split == "val" else test.values)[part.rows(split)]
    probability, known = probabilities(logits.values), true != TrueLabel.UNKNOWN
    if split == "val":
        record["threshold"] = best_threshold(probability[known], true[known])
    predictions = metrics.Predictions(logits.values, probability, true, record["threshold"])
    precision = [None if np.isnan(value) else value for value in predictions.average_precision.tolist()]
    scores = metrics.evaluate(predictions)
    record[split] = {
        "images": len(true),
        "known_labels": int(known.sum()),
        **scores,
        "categories": len(precision),
        "categories_present": sum(value is not None for value in precision),
        "average_precision": dict(zip(part.category, precision, strict=True)),
        "reliability": predictions.reliability,
    }
    if not known.any():
        print(f"{split}: no label of its {len(true):,} images is known: not measured")
        continue
    shown = [
        f"{metric.title} " + ("undefined" if (score := scores[metric.key]) is None else f"{score:.2f}")
        for metric in metrics.METRICS
    ]
    print(f"{split}, {len(true):,} images, threshold {record['threshold']:.3f}: {'; '.join(shown)}")
documents.write(snakemake.output.metrics, "metrics", record)
