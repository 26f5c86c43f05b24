"""Export pseudo-labels in the format of another tool."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

from spml.artifacts import blocks, hdf5, labels, picture_files
from spml.artifacts.codes import POSITIVE_TARGET, PseudoLabel
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.review import exports

source = snakemake.input
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    rows = stack.enter_context(training_set.opening(true, source.observed, source.images, source.logits))
    pseudo = stack.enter_context(labels.opening(source.pseudo_labels, "pseudo_labels"))
    pseudo.require_same_as(true)
    about = {key: str(value) for key, value in hdf5.attributes(pseudo.dataset.file).items()}
    labelled = exports.Labelled(
        image_id=pseudo.image_id,
        file_name=rows.file_name,
        path=picture_files.located(rows.path, source.tars) if source.tars else rows.path,
        split=rows.named_splits(),
        category=pseudo.category,
        label=pseudo.values,
        probability=blocks.Mapped(probabilities, rows.logits),
        observed=rows.observed,
        about={"dataset": snakemake.wildcards.dataset, "seed": snakemake.wildcards.seed} | about,
    )
    exports.FORMATS[snakemake.wildcards.format].function(snakemake.output.export, labelled)
    ignored = int(labels.count(pseudo.values, PseudoLabel.IGNORED).sum())
    present = sum(
        int((pseudo.values[block] >= POSITIVE_TARGET).sum()) for block in blocks.row_blocks(pseudo.values.shape)
    )
print(
    f"{snakemake.wildcards.format}: {len(rows.image_id):,} images, {present:,} labels"
    + (f", {ignored:,} ignored (marked in parquet and wide only)" if ignored else "")
)
