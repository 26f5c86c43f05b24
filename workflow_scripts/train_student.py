"""Train a student on pseudo-labels."""

from spml.runtime import log

log.redirect(snakemake)

import torch

from spml.artifacts import labels
from spml.features.devices import choose_device
from spml.training.fit import fit

torch.set_num_threads(1)  # what a sum of products comes to depends on how many threads share it
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed") if snakemake.input.observed else None
pseudo = labels.read(snakemake.input.pseudo_labels, "pseudo_labels")
fit(
    snakemake.input.features,
    pseudo,
    true,
    snakemake.params.options,
    complete=True,
    observed=observed,
    seed=int(snakemake.wildcards.seed),
    name=f"students/{snakemake.wildcards.student}/{snakemake.wildcards.variant}",
    device=choose_device(snakemake.resources.device),
    checkpoint=snakemake.output.checkpoint,
    history=snakemake.output.history,
)
