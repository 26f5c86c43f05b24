"""Make the true labels of both parts, and split the training part into training and validation rows."""

from spml import log

log.redirect(snakemake)

import numpy as np

from spml import coco, hdf5, labels, manifest
from spml.splits import training_split

train, test = coco.load(snakemake.input.train), coco.load(snakemake.input.test)
category = coco.category_names(train)
hdf5.require_same("category", snakemake.input.train, category, snakemake.input.test, coco.category_names(test))

for part, dataset in {"train": train, "test": test}.items():
    image_id = manifest.read(snakemake.input[f"{part}_images"]).image_id
    label = coco.label_matrix(dataset, image_id)
    options = snakemake.params.options
    split = training_split(len(image_id), options["share"], options["seed"]) if part == "train" else None
    labels.write(snakemake.output[part], "labels", image_id, category, label, split)
    print(
        f"{part}: {len(image_id):,} images, {len(category):,} categories, {label.sum(1).mean():.3f} positives per image"
    )
    if split is not None:
        present = label[split == 0].sum(0)
        print(f"split: {(split == 0).sum():,} training rows, {(split == 1).sum():,} validation rows")
        for number in np.flatnonzero(present == 0):
            print(
                f"warning: category {category[number]!r} has no positive among the training rows; no model can learn it"
            )
