"""Make the true labels of both parts, and split the training part into training and validation rows."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import labels, manifest
from spml.artifacts.codes import TrueLabel
from spml.data import annotations, category_names, csv_table
from spml.data.splits import training_split
from spml.runtime.errors import InputError

options, source = snakemake.params.options, snakemake.input
unannotated_count = options["unannotated_count"]
named = csv_table.read_categories(source.categories) if source.categories else None
train = annotations.read(source.train, list(named) if named else None, unannotated_count)
category = train.category
test = annotations.read(source.test, category, unannotated_count) if source.test else annotations.none(category)
if source.test:
    annotations.require_same_categories(train.path, category, test.path, test.category)

are_cells = named is None and source.train.lower().endswith(".csv")
warnings = category_names.warnings(source.categories or train.path, category, named or train.line_of, are_cells)
category_names.write(snakemake.output.warnings, warnings)
for warning in warnings:
    print(f"warning: {warning.position}: {warning.text}: {warning.names}")

for part, annotated in {"train": train, "test": test}.items():
    path = source[f"{part}_images"]
    listed = annotated.select(path, manifest.read(path).image_id)
    split = listed.split if part == "train" else None
    if part == "train" and split is None:
        split = training_split(len(listed.image_id), options["fraction"], options["seed"])
    if split is not None and len(set(split.tolist())) < 2:
        if listed.split is not None:
            raise InputError(f"{train.path}: column split: found {labels.SPLITS[split[0]]} alone, wanted train and val")
        raise InputError(
            f"{train.path}: found {len(split):,} images, of which a validation split of {options['fraction']:g} is none or all; "
            "wanted more images"
        )
    shape, known = listed.label.shape, 0
    with labels.creating(snakemake.output[part], "labels", listed.image_id, category, shape, np.int8, split) as matrix:
        for rows in labels.row_blocks(matrix):
            matrix[rows] = listed.label[rows]
            known += int((listed.label[rows] != TrueLabel.UNKNOWN).all(1).sum())
    mean = f", {labels.positives_per_image(listed.label):.3f} positives per image" if known else ""
    print(
        f"{part}: {len(listed.image_id):,} images, {len(category):,} categories; {known:,} images with true labels{mean}"
    )
    if split is not None:
        print(f"split: {(split == 0).sum():,} training rows, {(split == 1).sum():,} validation rows")
        with labels.opening(snakemake.output[part], "labels") as made:
            training = made.select(made.rows("train"))
            known_rows = training.shape[0] - labels.count(training, TrueLabel.UNKNOWN)
            present = labels.count(training, TrueLabel.PRESENT)
        for number in np.flatnonzero((known_rows > 0) & (present == 0)):
            print(
                f"warning: category {category[number]!r} has no positive among the training rows; no model can learn it"
            )
