"""Draw the observed labels of the training part: the single-positive label matrix."""

from spml import log

log.redirect(snakemake)

from spml import labels
from spml.observation import observe_uniform

true = labels.read(snakemake.input.labels, "labels")
observed = observe_uniform(true.values, int(snakemake.wildcards.seed))
labels.write(snakemake.output.observed, "observed", true.image_id, true.category, observed)
seen, present = int((observed == 1).sum()), int(true.values.sum())
print(f"{seen:,} of {present:,} positives observed, {seen / len(observed):.3f} per image; no negative observed")
