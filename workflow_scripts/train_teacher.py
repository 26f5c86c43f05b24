"""Train a teacher on the labels it is given: observed ones, or the true ones for full supervision."""

from spml import log

log.redirect(snakemake)

import torch

from spml import labels
from spml.devices import choose_device
from spml.fitting import fit

torch.set_num_threads(snakemake.threads)
true = labels.read(snakemake.input.labels, "labels")
given = true
if snakemake.input.observed:
    given = labels.read(snakemake.input.observed, "observed")
    given.require_same_as(true)
fit(
    snakemake.input.features,
    given,
    true,
    snakemake.params.options,
    seed=int(snakemake.wildcards.seed),
    name=f"teachers/{snakemake.wildcards.teacher}",
    device=choose_device(snakemake.resources.device),
    checkpoint=snakemake.output.checkpoint,
    history=snakemake.output.history,
)
