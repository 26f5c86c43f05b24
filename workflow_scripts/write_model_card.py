"""Write the card of the model that labels new images: what it is, how good it is, what it is not for."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import documents, labels
from spml.artifacts.codes import TrueLabel
from spml.evaluation import metrics
from spml.labels.pseudo_labels import probabilities
from spml.reporting import model_card, provenance
from spml.runtime.files import writing

choice = documents.read(snakemake.input.choice, "choice")
train, test = labels.read(snakemake.input.train, "labels"), labels.read(snakemake.input.test, "labels")
variants = list(snakemake.params.options.get("pseudo_labels", {})) or [""]
logits = labels.read(snakemake.input.logits[variants.index(choice["model"]["variant"])], "logits")
logits.require_images_of(test, "test")
thresholds = np.array(list(choice["thresholds"].values()))
predictions = metrics.Predictions(logits.values, probabilities(logits.values), test.values, thresholds)
trained_on = train.values[train.rows("train")]
known = trained_on != TrueLabel.UNKNOWN
card = model_card.card(
    choice,
    snakemake.params.options,
    model_card.evaluate(predictions, test.category),
    images={split: len(train.rows(split)) for split in ("train", "val")} | {"test": len(test.image_id)},
    positives=np.where(known.any(0), (trained_on == TrueLabel.PRESENT).sum(0), np.nan).tolist(),
    files=[provenance.file(snakemake.input[name]) for name in ("checkpoint", "program", "onnx", "script")],
    versions=provenance.versions(),
    code=provenance.code(),
)
with writing(snakemake.output.card) as path:
    path.write_text(card, encoding="utf-8")
print(card)
