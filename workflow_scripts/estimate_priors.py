"""Find the class priors of a replicate: from validation, from the user's number of labels per image, or by estimation."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels
from spml.artifacts import priors as table
from spml.artifacts.codes import ObservedLabel
from spml.labels import priors
from spml.runtime.errors import InputError

options, source = snakemake.params.options, snakemake.input
with labels.opening(source.labels, "labels") as true, labels.opening(source.observed, "observed") as observed:
    observed.require_same_as(true)
    category, held_out = true.category, true.rows("val")
    rates = labels.count(observed.values, ObservedLabel.PRESENT) / len(observed.image_id)
    if options["method"] == "validation":
        prior = np.asarray(labels.positives_per_image(true.select(held_out), axis=0))
        if np.isnan(prior).any():
            name = category[int(np.isnan(prior).argmax())]
            raise InputError(
                f"{true.path}: no label of {name!r} is known in the validation rows; wanted priors.method: estimated, or "
                "priors.labels_per_image, in the config"
            )
    elif options["method"] == "labels_per_image":
        prior = priors.scaled_rates(rates, options["labels_per_image"])
    else:
        with labels.opening(source.logits, "logits") as teacher:
            teacher.require_images_of(true, "val")
            prior = priors.estimated_rates(rates, teacher.values, observed.select(held_out))
table.write(snakemake.output.priors, category, rates, prior)
print(f"{options['method']}: {prior.sum():.3f} labels per image, {rates.sum():.3f} observed")
