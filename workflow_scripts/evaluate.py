"""Evaluate a model on the validation and test splits, by the labels that are known."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import numpy as np

from spml.artifacts import blocks, documents, labels
from spml.evaluation import metrics
from spml.evaluation.thresholds import best_threshold
from spml.labels.pseudo_labels import probabilities

observed_file = snakemake.input.observed
record: dict = {"select_on": "observed_labels" if observed_file else "true_labels"}
with contextlib.ExitStack() as stack:
    train = stack.enter_context(labels.opening(snakemake.input.train_labels, "labels"))
    test = stack.enter_context(labels.opening(snakemake.input.test_labels, "labels"))
    observed = stack.enter_context(labels.opening(observed_file, "observed")) if observed_file else None
    for split, part in (("val", train), ("test", test)):
        logits = stack.enter_context(labels.opening(snakemake.input[split], "logits"))
        logits.require_images_of(part, split)
        true = labels.selection_labels(train, observed) if split == "val" else test.values
        probability = blocks.Mapped(probabilities, logits.values)
        if split == "val":
            record["threshold"] = best_threshold(probability, true)
        predictions = metrics.Predictions(logits.values, probability, true, record["threshold"])
        precision = [None if np.isnan(value) else value for value in predictions.average_precision.tolist()]
        scores = metrics.evaluate(predictions)
        images, known = true.shape[0], int(predictions.sums.known.sum())
        record[split] = {
            "images": images,
            "known_labels": known,
            **scores,
            "categories": len(precision),
            "categories_present": sum(value is not None for value in precision),
            "average_precision": dict(zip(part.category, precision, strict=True)),
            "reliability": predictions.sums.reliability,
        }
        if not known:
            print(f"{split}: no label of its {images:,} images is known: not measured")
            continue
        shown = [
            f"{metric.title} " + ("undefined" if (score := scores[metric.key]) is None else f"{score:.2f}")
            for metric in metrics.METRICS
        ]
        print(f"{split}, {images:,} images, threshold {record['threshold']:.3f}: {'; '.join(shown)}")
documents.write(snakemake.output.metrics, "metrics", record)
