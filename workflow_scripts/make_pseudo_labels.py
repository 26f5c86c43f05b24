"""Turn teachers' logits on the training rows into pseudo-labels, as HDF5 for training and as CSV for people."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel, TrueLabel
from spml.artifacts.spreadsheet import escaped
from spml.evaluation import label_counts
from spml.labels import pseudo_labels, training_set
from spml.runtime.errors import InputError
from spml.runtime.files import write_csv

options = snakemake.params.options
true = labels.read(snakemake.input.labels, "labels")
rows = training_set.read(true, snakemake.input.observed, snakemake.input.images, snakemake.input.logits)
logits, observed, category = rows.logits, rows.observed, rows.category

parameters = dict(options["parameters"])
if parameters.get("prior"):
    parameters["prior"] = labels.by_category("pseudo_labels: prior", parameters["prior"], category, None)
elif "prior" in parameters:
    parameters["prior"] = labels.positives_per_image(true.values[true.rows("val")], axis=0)
    if np.isnan(parameters["prior"]).any():
        name = category[int(np.isnan(parameters["prior"]).argmax())]
        raise InputError(
            f"{true.path}: no label of {name!r} is known in the validation rows; wanted pseudo_labels: prior in the config"
        )
pseudo = pseudo_labels.RULES[options["rule"]].function(logits, **parameters)
if options["keep_observed"]:
    pseudo = pseudo_labels.keep_observed(pseudo, observed)
attributes = {key: value for key, value in parameters.items() if np.ndim(value) == 0}
attributes |= {
    "rule": options["rule"],
    "teacher": ", ".join(options["teacher"]),
    "keep_observed": options["keep_observed"],
}
labels.write(snakemake.output.labels, "pseudo_labels", rows.image_id, category, pseudo, **attributes)

probability = pseudo_labels.probabilities(logits)
shown = "{:.4f}" if pseudo.dtype.kind == "f" else "{:d}"


def table():
    """Yield the rows of the table for people: labels that are pseudo, observed or true positives."""
    yield ["image_id", "file_name", "category", "probability", "pseudo", "observed", "true"]
    positive = (pseudo >= POSITIVE_TARGET) | (observed == ObservedLabel.PRESENT) | (rows.true == TrueLabel.PRESENT)
    for row, column in np.argwhere(positive):
        names = [rows.image_id[row], rows.file_name[row], category[column]]
        known = rows.true[row, column] if rows.true[row, column] != TrueLabel.UNKNOWN.value else ""
        values = [shown.format(pseudo[row, column]), observed[row, column], known]
        yield [*map(escaped, names), f"{probability[row, column]:.4f}", *values]


write_csv(snakemake.output.table, table())
counts = label_counts.count(pseudo, observed, rows.true)
print(f"{snakemake.wildcards.variant}: " + ", ".join(f"{key} {value:,.4g}" for key, value in counts.items()))
