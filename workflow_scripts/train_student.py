"""Train a student on pseudo-labels."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import torch

from spml.artifacts import labels, priors
from spml.features.devices import choose_device
from spml.training import supervision
from spml.training.fit import fit
from spml.training.options import TrainingOptions

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options = TrainingOptions.from_config(snakemake.params.options)
source, on_observed = snakemake.input, options.select_on == "observed_labels"
with (
    labels.opening(source.labels, "labels") as true,
    labels.opening(source.pseudo_labels, "pseudo_labels") as pseudo,
    labels.opening(source.observed, "observed") if on_observed else contextlib.nullcontext() as observed,
):
    training_labels = supervision.from_pseudo_labels(options.loss, pseudo, true)
    selection_labels = supervision.selection_labels(true, observed)
    if source.priors:
        options = options.with_hyperparameters(k=float(priors.read(source.priors, true.category).sum()))
fit(
    source.features,
    true,
    training_labels,
    selection_labels,
    options,
    seed=int(snakemake.wildcards.seed),
    name=f"students/{snakemake.wildcards.student}/{snakemake.wildcards.variant}",
    memory_mb=snakemake.resources.memory_mb,
    device=choose_device(snakemake.resources.device),
    checkpoint=snakemake.output.checkpoint,
    history=snakemake.output.history,
)
