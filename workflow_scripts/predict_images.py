"""Predict the labels of new images, from pictures to a table, with backbone and head."""

from spml.runtime import log

log.redirect(snakemake)

import csv

import numpy as np

from spml.artifacts import checkpoints, documents, manifest, picture_files, predictions
from spml.artifacts.features import averaged
from spml.features.devices import choose_device
from spml.features.extraction import extract
from spml.labels.pseudo_labels import probabilities
from spml.models.inference import predict, present_labels
from spml.models.similarity import takes_crops
from spml.runtime.errors import InputError
from spml.runtime.files import writing
from spml.runtime.log import Progress

choice = documents.read(snakemake.input.choice, "choice")
options = choice["backbone"]
weights, _ = checkpoints.load(snakemake.input.checkpoint)
category = list(choice["thresholds"])
threshold = np.array(list(choice["thresholds"].values()))
used = {name: f"{name} > {choice['thresholds'][name]:.4f} ({by})" for name, by in choice["threshold_sources"].items()}
device = choose_device(snakemake.resources.device)
listed = manifest.read(snakemake.input.images)
paths = picture_files.located(listed.path, snakemake.input.tars)
unreadable: dict[str, str] = {}
found = extract(
    paths,
    options,
    snakemake.input.weights,
    device,
    snakemake.threads,
    snakemake.resources.batch_size,
    unreadable,
    snakemake.input.checkpoint if options["trained"] else "",
)
print(f"{options['library']} {options['model']} in {found.precision} on {device}, {snakemake.threads} threads")

progress = Progress("predictions", len(listed.path), "images")
row, positives = 0, 0
with writing(snakemake.output.table) as path, open(path, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(predictions.header(category))
    for features in found.batches if takes_crops(weights) else map(averaged, found.batches):
        stored = features.astype(options["storage"])  # in the type that the head was trained on
        for probability in probabilities(predict(weights, stored)):
            if problem := unreadable.get(paths[row]):
                writer.writerow(predictions.problem_cells(listed.file_name[row], problem, len(category)))
                row += 1
                continue
            names = present_labels(probability, threshold, category)
            said = [used[name] for name in names]
            writer.writerow(predictions.cells(listed.file_name[row], names, said, probability))
            row, positives = row + 1, positives + len(names)
        progress.advance(len(features))
    if len(unreadable) == len(listed.path):
        raise InputError(next(iter(unreadable.values())))
progress.finish()
readable = row - len(unreadable)
print(f"{readable:,} images, {positives / readable:.3f} labels per image")
if unreadable:
    print(f"warning: {len(unreadable):,} pictures could not be read; column problem has the reason")
