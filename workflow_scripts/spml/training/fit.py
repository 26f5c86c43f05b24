"""From files to a trained model: rows of the splits, training, checkpoint and history."""

import csv
import functools
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from spml.artifacts import checkpoints, features, hdf5, labels
from spml.losses import targets
from spml.losses.stateful import make_loss
from spml.runtime.errors import InputError
from spml.runtime.files import writing
from spml.training.batches import row_source
from spml.training.engine import Trained, train


def fit(
    features_path: str,
    given: labels.Matrix,
    true: labels.Matrix,
    options: Mapping[str, Any],
    *,
    complete: bool,
    observed: labels.Matrix | None,
    seed: int,
    name: str,
    device: str,
    checkpoint: str,
    history: str,
) -> None:
    """Train on the given labels, choose on the validation rows, write checkpoint and history.

    ``given`` holds all rows of the training part (observed or true labels), or the training rows alone (pseudo-labels);
    ``complete`` says whether all its labels are known (true and pseudo-labels) or some are unobserved. ``observed`` are
    the labels to choose on, None for the true ones. ``options`` is the config of one model: loss, head, epochs, grid.

    Raises
    ------
    InputError
        When the files do not belong together, or the labels are not what the loss needs.
    """
    rows, validation_rows = true.rows("train"), true.rows("val")
    hdf5.require_same("category", given.path, given.category, true.path, true.category)
    values = given.values
    if len(given.image_id) == len(true.image_id):
        values = values[rows]
    else:
        given.require_images_of(true, "train")
    if not (values > 0).any():
        advice = "an entry without labels: true, where no true label is known" if given is true else "a lower τ"
        raise InputError(
            f"{given.path}: no positive label among the {len(values):,} training rows; wanted at least one ({advice}?)"
        )
    loss = dict(options["loss"])
    if complete:
        values = targets.encode_full_labels(loss["name"], given.path, values)
    else:
        values = targets.encode_observed_labels(loss["name"], given.path, values, true.values[rows])
    selection_labels = labels.selection_labels(true, observed)[validation_rows]
    if not (selection_labels == 1).any():
        source = observed.path if observed else true.path
        advice = "" if observed else " (validation.labels: observed, where no true label is known?)"
        raise InputError(
            f"{source}: no positive label among the {len(selection_labels):,} validation rows; wanted some to choose a model on{advice}"
        )
    if "k" in loss and loss["k"] is None:
        loss["k"] = float(labels.positives_per_image(selection_labels))
    positives = values.clip(0).sum() / len(values)
    print(f"{name}: {len(values):,} training rows, {positives:.3f} positives per image, loss {loss}, {device}")

    parameters = {key: value for key, value in loss.items() if key != "name"}
    with features.reading(features_path) as stored:
        true.require_same_images(features_path, stored.image_id)
        trained = train(
            row_source(stored, rows, values, options["memory_mb"], device),
            row_source(stored, validation_rows, selection_labels, options["memory_mb"], device),
            functools.partial(make_loss, loss["name"], parameters),
            head=options["head"],
            hidden=options.get("hidden", 0),  # a linear head has neither
            dropout=options.get("dropout", 0.0),
            standardize=options["standardize"],
            epochs=options["epochs"],
            batch_sizes=options["batch_sizes"],
            learning_rates=options["learning_rates"],
            seed=seed,
            name=name,
            device=device,
        )
    print(f"chosen: {trained.candidate}, epoch {trained.epoch}, validation mAP {trained.val_map:.2f}")
    _write_history(history, trained)
    checkpoints.save(
        checkpoint,
        {key: value.numpy() for key, value in trained.weights.items()},
        {
            "categories": true.category,
            "head": options["head"],
            "loss": loss,
            "candidate": asdict(trained.candidate),
            "epoch": trained.epoch,
            "val_map": trained.val_map,
            "validation_labels": "full" if observed is None else "observed",
            "seed": seed,
        },
    )


def _write_history(path: str, trained: Trained) -> None:
    rows = [asdict(epoch) for epoch in trained.history]
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
