"""Train a teacher on the labels it is given: observed ones, or the true ones for full supervision."""

from spml.runtime import log

log.redirect(snakemake)

import torch

from spml.artifacts import labels
from spml.features.devices import choose_device
from spml.training.fit import fit

torch.set_num_threads(1)  # what a sum of products comes to depends on how many threads share it
options = snakemake.params.options
true = labels.read(snakemake.input.labels, "labels")
observed = labels.read(snakemake.input.observed, "observed") if snakemake.input.observed else None
if observed:
    observed.require_same_as(true)
given = true if options["labels"] else observed
assert given is not None
fit(
    snakemake.input.features,
    given,
    true,
    options,
    complete=options["labels"],
    observed=observed if options["validation_labels"] == "observed" else None,
    seed=int(snakemake.wildcards.seed),
    name=f"teachers/{snakemake.wildcards.teacher}",
    device=choose_device(snakemake.resources.device),
    checkpoint=snakemake.output.checkpoint,
    history=snakemake.output.history,
)
