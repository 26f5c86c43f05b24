"""Export pseudo-labels in the format of another tool."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import hdf5, labels
from spml.artifacts.codes import POSITIVE_TARGET, PseudoLabel
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.review import exports

true = labels.read(snakemake.input.labels, "labels")
rows = training_set.read(true, snakemake.input.observed, snakemake.input.images, snakemake.input.logits)
pseudo = labels.read(snakemake.input.pseudo_labels, "pseudo_labels")
pseudo.require_images_of(true, "train")
with hdf5.reading(snakemake.input.pseudo_labels, "pseudo_labels") as file:
    about = {key: str(value) for key, value in hdf5.attributes(file).items()}
labelled = exports.Labelled(
    image_id=pseudo.image_id,
    file_name=rows.file_name,
    path=rows.path,
    category=pseudo.category,
    label=pseudo.values,
    probability=probabilities(rows.logits),
    observed=rows.observed,
    about={"dataset": snakemake.wildcards.dataset, "seed": snakemake.wildcards.seed} | about,
)
exports.FORMATS[snakemake.wildcards.format].function(snakemake.output.export, labelled)
ignored = int((pseudo.values == PseudoLabel.IGNORED).sum())
print(
    f"{snakemake.wildcards.format}: {len(rows.image_id):,} images, {int((pseudo.values >= POSITIVE_TARGET).sum()):,} labels"
    + (f", {ignored:,} ignored (marked in parquet and wide only)" if ignored else "")
)
