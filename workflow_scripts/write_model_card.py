"""Write the card of the model that labels new images: what it is, how good it is, what it is not for."""

from spml.runtime import log

log.redirect(snakemake)

import math

import numpy as np

from spml.artifacts import blocks, documents, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import metrics
from spml.labels.pseudo_labels import probabilities
from spml.reporting import model_card, provenance
from spml.runtime.files import writing

choice = documents.read(snakemake.input.choice, "choice")
variants = list(snakemake.params.options.get("pseudo_labels", {})) or [""]
thresholds = np.array(list(choice["thresholds"].values()))
with (
    labels.opening(snakemake.input.train, "labels") as train,
    labels.opening(snakemake.input.test, "labels") as test,
    labels.opening(snakemake.input.logits[variants.index(choice["model"]["variant"])], "logits") as logits,
):
    logits.require_images_of(test, "test")
    probability = blocks.Mapped(probabilities, logits.values)
    predictions = metrics.Predictions(logits.values, probability, test.values, thresholds)
    measured = model_card.evaluate(predictions, test.category)
    tested = float(predictions.sums.known.sum() / max(math.prod(test.values.shape), 1))
    trained_on = train.select(train.rows("train"))
    known = labels.count(trained_on, TrueLabel.UNKNOWN) < trained_on.shape[0]
    positives = labels.count(trained_on, TrueLabel.PRESENT)
card = model_card.card(
    choice,
    snakemake.params.options,
    measured,
    images={split: len(train.rows(split)) for split in ("train", "val")} | {"test": len(test.image_id)},
    tested=tested,
    positives=np.where(known, positives, np.nan).tolist(),
    files=[provenance.file(snakemake.input[name]) for name in ("checkpoint", "program", "onnx", "script")],
    versions=provenance.versions(),
    code=provenance.code(),
)
with writing(snakemake.output.card) as path:
    path.write_text(card, encoding="utf-8")
print(card)
