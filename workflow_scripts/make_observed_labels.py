"""Make the observed labels of the training part, the SPML label matrix: drawn from the true ones, or read."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib

import numpy as np

from spml.artifacts import blocks, labels, manifest
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.data import csv_table
from spml.labels import verdicts
from spml.labels.observation import UniformDraw, WeightedDraw, from_rows
from spml.runtime.errors import InputError

options, seed, source = snakemake.params.options, int(snakemake.wildcards.seed), snakemake.input
counts = {key: options[key] for key in ("positives_per_image", "negatives_per_image") if key in options}
sampling = options["sampling"]
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    category, shape = true.category, true.values.shape
    table = csv_table.read(source.table, category) if source.table else None
    given: blocks.Rows | None = None  # labels that are observed in reality, and the row of each image in them
    weights: list[blocks.Rows] = []
    order = np.arange(shape[0])
    if source.file:
        images = manifest.read(source.images)
        given_rows = csv_table.read_rows(source.file, "columns as image_id, category")
        given = from_rows(source.file, given_rows, images.image_id, images.file_name, category)
    elif table is not None and table.observed is not None:
        row_of = {path: number for number, path in enumerate(table.path)}
        given, order = table.observed, np.array([row_of[path] for path in true.image_id])
    elif table is not None and labels.count(true.values, TrueLabel.UNKNOWN).any():
        raise InputError(
            f"{source.table}: found neither a column observed nor true labels in every row; wanted a column observed, or "
            "true labels to draw observed labels from"
        )
    elif source.weights:
        drawn_by = stack.enter_context(labels.opening(source.weights, "observation_weights"))
        drawn_by.require_same_as(true)
        weights = [drawn_by.values]
    elif sampling == "weights":
        by_category = labels.by_category("observation.weights", options["weights"], category, 1.0)
        weights = [np.broadcast_to(by_category, shape)]
    if given is not None:
        sampling, counts = "given", {}
    draw = WeightedDraw(shape, seed, **counts) if weights else UniformDraw(seed, **counts)

    decided = verdicts.read(source.answers, true.image_id, category) if source.answers else []
    positives = negatives = true_positives = wrong = overridden = 0
    about = {"sampling": sampling} | counts | ({"answers": len(decided)} if source.answers else {})
    written = stack.enter_context(
        labels.creating(snakemake.output.observed, "observed", true.image_id, category, shape, np.int8, **about)
    )
    for rows in labels.row_blocks(written):
        truth = true.values[rows]
        if given is not None:
            observed = given[order[rows]]  # a copy, since order is an array
        else:
            observed = draw.observe(truth, *(matrix[rows] for matrix in weights))
        overridden += verdicts.lay_over(observed, rows.start, decided)
        written[rows] = observed
        present, absent = observed == ObservedLabel.PRESENT, observed == ObservedLabel.ABSENT
        positives, negatives = positives + int(present.sum()), negatives + int(absent.sum())
        true_positives += int((truth == TrueLabel.PRESENT).sum())
        contradicting = (present & (truth == TrueLabel.ABSENT)) | (absent & (truth == TrueLabel.PRESENT))
        wrong += int(contradicting.sum())

print(
    f"{positives:,} positives observed, {positives / shape[0]:.3f} per image; {negatives:,} negatives; "
    f"{true_positives:,} true positives"
)
if wrong:
    print(f"warning: {wrong:,} observed labels contradict the true ones")
if decided:
    print(
        f"{len(decided):,} of these labels are answers of people; {overridden:,} of the answers override another label"
    )
