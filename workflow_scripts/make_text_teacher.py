"""Make a teacher of text features: a head that compares pictures with them, and that nobody trains."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import numpy as np

from spml.artifacts import checkpoints, features, hdf5, labels
from spml.artifacts.crop_features import CropFeatures
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.models import similarity
from spml.models.inference import predict
from spml.runtime.errors import InputError

options, source = snakemake.params.options["text"], snakemake.input
with (
    labels.opening(source.labels, "labels") as true,
    features.reading(source.features) as stored,
    hdf5.reading(source.text, "text_features") as file,
):
    hdf5.require_same("category", source.text, hdf5.strings(file, "category"), true.path, true.category)
    true.require_same_images(source.features, stored.image_id)
    text = hdf5.dataset(file, "feature", (len(true.category), stored.width), "f")[:]
    about = hdf5.attributes(file)
    if about["weights_sha256"] != stored.settings["weights_sha256"]:
        raise InputError(f"{source.text} and {source.features}: made with other weights; delete both, then run again")
    if len(true.category) < 2:
        raise InputError(f"{source.labels}: found one category, wanted two or more: a text teacher compares categories")
    temperature = options["temperature"] or float(about["temperature"])
    weights = similarity.head(text, temperature, options["crops"])
    read = CropFeatures(stored).read if similarity.takes_crops(weights) else stored.read
    debiased = similarity.debiased(weights, read, true.rows("train"))
    means = (temperature * debiased[similarity.OFFSET]).tolist()
    weights = debiased if options["debias"] else weights
    logits = np.concatenate([predict(weights, read(rows)) for rows in similarity.blocks(weights, true.rows("val"))])
    with labels.opening(source.observed, "observed") if source.observed else contextlib.nullcontext() as observed:
        judged = labels.selection_labels(true, observed)[:]
    val_map = mean_average_precision(average_precision(logits, judged))[0]
description = {
    "categories": true.category,
    "select_on": options["select_on"],
    "head": "text",
    "candidate": {"temperature": temperature},
    "edges": [],
    "val_map": val_map,
}
checkpoints.save(snakemake.output.checkpoint, weights, description)
for name, mean in zip(true.category, means, strict=True):
    print(f"{name}: mean similarity {mean:.4f} to the training pictures")
print(
    f"temperature {temperature:.4g}, {'less the means' if options['debias'] else 'as they are'}: validation mAP {val_map:.2f}"
)
