"""Train a student on pseudo-labels."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import torch

from spml.artifacts import labels
from spml.features.devices import choose_device
from spml.training import supervision
from spml.training.fit import fit
from spml.training.fit_ridge import fit_ridge
from spml.training.options import RidgeOptions, read_options

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options = read_options(snakemake.params.options)
source, on_observed = snakemake.input, options.select_on == "observed_labels"
with (
    labels.opening(source.labels, "labels") as true,
    labels.opening(source.pseudo_labels, "pseudo_labels") as pseudo,
    labels.opening(source.observed, "observed") if on_observed else contextlib.nullcontext() as observed,
):
    training_labels = supervision.from_pseudo_labels(options.loss, pseudo, true)
    selection_labels = supervision.selection_labels(true, observed)
seed, name = int(snakemake.wildcards.seed), f"students/{snakemake.wildcards.student}/{snakemake.wildcards.variant}"
checkpoint, history = snakemake.output
if isinstance(options, RidgeOptions):
    fit_ridge(
        source.features,
        source.decomposition,
        source.landmarks or None,
        true,
        training_labels,
        selection_labels,
        options,
        seed=seed,
        name=name,
        checkpoint=checkpoint,
        history=history,
    )
else:
    fit(
        source.features,
        true,
        training_labels,
        selection_labels,
        options,
        seed=seed,
        name=name,
        memory_mb=snakemake.resources.memory_mb,
        device=choose_device(snakemake.resources.device),
        checkpoint=checkpoint,
        history=history,
    )
