"""Train a student: on pseudo-labels, or in stages, each from the weights of the one before."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import sys

import torch

from spml.artifacts import features, hdf5, labels
from spml.features.devices import choose_device
from spml.training import left_out, supervision
from spml.training.fit import Stage
from spml.training.fit_model import train_and_write
from spml.training.fitted import write_model
from spml.training.options import read_options

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options, source, output = snakemake.params.options, snakemake.input, snakemake.output
seed = int(snakemake.wildcards.seed)
stages = []
with contextlib.ExitStack() as stack:

    def opened(path, kind):
        return stack.enter_context(labels.opening(path, kind)) if path else None

    true, pseudo = opened(source.labels, "labels"), opened(source.pseudo_labels, "pseudo_labels")
    observed, pool = opened(source.observed, "observed"), opened(source.pool_labels, "labels")
    if reason := hdf5.attributes(pseudo.dataset.file).get("left_out"):
        print(f"left out: {source.pseudo_labels}: {reason}")
        with features.reading(source.features) as stored:
            model = left_out.model(str(reason), len(true.category), stored.width, options["loss"])
        write_model(output, model, category=true.category, select_on=options["select_on"], seed=seed)
        sys.exit()
    for own in options.get("stages") or [{"train_on": "pseudo_labels"}]:
        stage = supervision.with_expected_positives(read_options(options | own), source.priors, true.category)
        if own["train_on"] == "observed":
            training_labels = supervision.from_observed_labels(stage.loss, observed, true)
        elif own["train_on"] == "pool":
            training_labels = supervision.from_pseudo_labels(stage.loss, pseudo, pool, "pool")
        else:
            training_labels = supervision.of_training_rows(stage.loss, stage.supervision, true, observed, pseudo)
        on_pool = own["train_on"] == "pool"
        part = (source.pool_features, pool, "pool") if on_pool else (source.features, true, "train")
        stages.append(Stage(*part, training_labels, stage))
    on_observed = options["select_on"] == "observed_labels"
    selection_labels = supervision.selection_labels(true, observed if on_observed else None)
train_and_write(
    stages,
    selection_labels,
    source,
    output,
    seed=seed,
    name=f"students/{snakemake.wildcards.student}/{snakemake.wildcards.variant}",
    memory_mb=snakemake.resources.memory_mb,
    device=choose_device(snakemake.resources.device),
)
