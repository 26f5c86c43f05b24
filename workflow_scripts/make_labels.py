"""Make the true labels of both parts, and split the training part into training and validation rows."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.artifacts import hdf5, labels, manifest
from spml.data import annotations, csv_table
from spml.data.splits import training_split
from spml.runtime.errors import InputError

options, every, given = snakemake.params.options, snakemake.params.every, snakemake.input
category = csv_table.read_categories(given.categories) if given.categories else None
train = annotations.read(given.train, category, every)
category = train.category
test = annotations.read(given.test, category, every) if given.test else annotations.none(category)
hdf5.require_same("category", given.train, category, given.test, test.category)

for part, of_part in {"train": train, "test": test}.items():
    path = given[f"{part}_images"]
    read = of_part.of(path, manifest.read(path).image_id)
    split = read.split if part == "train" else None
    if part == "train" and split is None:
        split = training_split(len(read.image_id), options["share"], options["seed"])
    if split is not None and len(set(split.tolist())) < 2:
        raise InputError(f"{given.train}: column split says {labels.SPLITS[split[0]]} alone, wanted train and val")
    labels.write(snakemake.output[part], "labels", read.image_id, category, read.label, split)
    known = int((read.label != labels.UNKNOWN).all(1).sum())
    mean = f", {labels.positives_per_image(read.label):.3f} positives per image" if known else ""
    print(f"{part}: {len(read.image_id):,} images, {len(category):,} categories; true labels known of {known:,}{mean}")
    if split is not None:
        print(f"split: {(split == 0).sum():,} training rows, {(split == 1).sum():,} validation rows")
        rows = read.label[split == 0]
        for number in np.flatnonzero((rows >= 0).any(0) & (rows != 1).all(0)):
            print(
                f"warning: category {category[number]!r} has no positive among the training rows; no model can learn it"
            )
