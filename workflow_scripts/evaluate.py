"""Predict logits of both other splits, choose thresholds of prediction on validation, and evaluate the model by known labels."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import numpy as np

from spml.artifacts import blocks, checkpoints, documents, labels
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.evaluation import metrics, thresholds
from spml.labels import priors
from spml.labels.pseudo_labels import probabilities
from spml.models.inference import write_logits

HALF = 0.5  # a label, so that a category without any is rare and not impossible
source, output = snakemake.input, snakemake.output
observed_file = source.observed
weights, description = checkpoints.load(source.checkpoint)
left_out = description.get("left_out", "")
record: dict = {
    "select_on": "observed_labels" if observed_file else "true_labels",
    "edges": description["edges"],
    "left_out": left_out,
}
with contextlib.ExitStack() as stack:
    train = stack.enter_context(labels.opening(source.train_labels, "labels"))
    test = stack.enter_context(labels.opening(source.test_labels, "labels"))
    observed = stack.enter_context(labels.opening(observed_file, "observed")) if observed_file else None
    for split, part in (("val", train), ("test", test)):
        stored = source.train_features if part is train else source.test_features
        write_logits(source.checkpoint, weights, description, stored, part, split, output[split])
        logits = stack.enter_context(labels.opening(output[split], "logits"))
        on_observed = split == "val" and observed is not None
        true = labels.selection_labels(train, observed) if split == "val" else test.values
        probability = blocks.Mapped(probabilities, logits.values)
        if split == "val":
            if observed and not left_out:  # of labels that are observed alone, F1 would ask for too few
                number = snakemake.params.options["labels_per_image"] or priors.estimated_number(
                    logits.values, observed.select(train.rows("val"))
                )
                tagged = labels.count(observed.values, ObservedLabel.PRESENT)
                chosen = thresholds.by_labels_per_image(probability, number, rates=tagged + HALF)
            else:
                chosen = thresholds.by_category(probability, true)
            positives = labels.count(true, TrueLabel.PRESENT).tolist()
            record |= chosen.document(train.category)
            record["positives"] = dict(zip(train.category, positives, strict=True))
        predictions = metrics.Predictions(logits.values, probability, true, chosen.values)
        precision = [None if np.isnan(value) else value for value in predictions.average_precision.tolist()]
        scores = metrics.evaluate(predictions, on_observed)
        if left_out:
            precision, scores = [None] * len(precision), dict.fromkeys(scores)
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
        if left_out:
            print(f"{split}: left out, since its pseudo-labels teach nothing: {left_out}")
            continue
        if not known:
            print(f"{split}: no label of its {images:,} images is known: not measured")
            continue
        shown = [
            f"{metric.title} " + ("undefined" if (score := scores[metric.key]) is None else f"{score:.2f}")
            for metric in metrics.METRICS
            if metric.ranks or not on_observed
        ]
        judged = "observed labels, all others absent" if on_observed else f"{known:,} known labels"
        print(f"{split}, {images:,} images, {judged}; common threshold {chosen.overall:.3f}: {'; '.join(shown)}")
documents.write(output.metrics, "metrics", record)
