"""Train a student on pseudo-labels."""

from spml.runtime import log

log.redirect(snakemake)

import torch

from spml.artifacts import labels
from spml.features.devices import choose_device
from spml.training import supervision
from spml.training.fit import fit
from spml.training.options import TrainingOptions

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options = TrainingOptions.from_config(snakemake.params.options)
true = labels.read(snakemake.input.labels, "labels")
pseudo = labels.read(snakemake.input.pseudo_labels, "pseudo_labels")
observed = labels.read(snakemake.input.observed, "observed") if options.select_on == "observed_labels" else None
fit(
    snakemake.input.features,
    true,
    supervision.from_pseudo_labels(options.loss, pseudo, true),
    supervision.selection_labels(true, observed),
    options,
    seed=int(snakemake.wildcards.seed),
    name=f"students/{snakemake.wildcards.student}/{snakemake.wildcards.variant}",
    memory_mb=snakemake.resources.memory_mb,
    device=choose_device(snakemake.resources.device),
    checkpoint=snakemake.output.checkpoint,
    history=snakemake.output.history,
)
