"""Train a teacher on observed labels, or on the true ones for full supervision."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import torch

from spml.artifacts import labels
from spml.features.devices import choose_device
from spml.training import supervision
from spml.training.fit import Stage
from spml.training.fit_model import train_and_write
from spml.training.options import read_options

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options = read_options(snakemake.params.options)
source = snakemake.input
with (
    labels.opening(source.labels, "labels") as true,
    labels.opening(source.observed, "observed") if source.observed else contextlib.nullcontext() as observed,
):
    training_labels = supervision.of_training_rows(options.loss, options.supervision, true, observed)
    selection_labels = supervision.selection_labels(true, observed if options.select_on == "observed_labels" else None)
    options = supervision.with_expected_positives(options, source.priors, true.category)
stage = Stage(source.features, true, "train", training_labels, options)
train_and_write(
    [stage],
    selection_labels,
    source,
    snakemake.output,
    seed=int(snakemake.wildcards.seed),
    name=f"teachers/{snakemake.wildcards.teacher}",
    memory_mb=snakemake.resources.memory_mb,
    device=choose_device(snakemake.resources.device),
)
