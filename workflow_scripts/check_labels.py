"""Check that there are positives to train and select models on, and as many categories and images as the configuration wants."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

from spml.artifacts import labels
from spml.labels.checks import require_enough, require_possible
from spml.runtime.files import writing

options = snakemake.params.options
replicates = snakemake.input.observed if options["select_on"] == "observed_labels" else [None]
with labels.opening(snakemake.input.labels, "labels") as true:
    wanted = (options[name] for name in ("expected", "ranked", "rates"))
    require_possible(true.category, len(true.rows("train")), *wanted)
    for path in replicates:
        with labels.opening(path, "observed") if path else contextlib.nullcontext() as observed:
            require_enough(
                snakemake.input.table or snakemake.input.labels,
                true.select(true.rows("train")),
                options["full_supervision"],
                labels.selection_labels(true, observed),
                options["select_on"],
            )
with writing(snakemake.output.checked) as path:
    path.write_text(
        f"enough labels to learn from, and to choose models on by {options['select_on']}\n", encoding="utf-8"
    )
