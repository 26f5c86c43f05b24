"""Train one model from a file of features, and write its checkpoint and history."""

import csv
from dataclasses import asdict

import numpy as np

from spml.artifacts import checkpoints, features, labels
from spml.runtime.files import writing
from spml.training.batches import open_batches
from spml.training.engine import Trained, train
from spml.training.options import TrainingOptions
from spml.training.supervision import TrainingLabels


def fit(
    features_path: str,
    true: labels.Matrix | labels.MatrixFile,
    training_labels: TrainingLabels,
    selection_labels: np.ndarray,
    options: TrainingOptions,
    *,
    seed: int,
    name: str,
    memory_mb: int,
    device: str,
    checkpoint: str,
    history: str,
) -> None:
    """Train on the training rows, select on the validation rows, write checkpoint and history.

    ``true`` gives images, categories and split of the training part; ``training_labels`` [n, L] and
    ``selection_labels`` [n, L] belong to its training and validation rows. ``name`` and ``seed`` identify the random
    streams. Features are held in memory up to ``memory_mb`` (0: all).

    Raises
    ------
    InputError
        When the features are of other images, or a loss is not finite.
    """
    values = training_labels.values
    positives = values.clip(0).sum() / len(values)
    print(
        f"{name}: {len(values):,} training rows, {positives:.3f} positives per image, "
        f"loss {options.loss_settings}, {device}"
    )
    with features.reading(features_path) as stored:
        true.require_same_images(features_path, stored.image_id)
        trained = train(
            open_batches(stored, true.rows("train"), values, memory_mb, device),
            open_batches(stored, true.rows("val"), selection_labels, memory_mb, device),
            options,
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
            "head": options.head,
            "loss": options.loss_settings,
            "candidate": asdict(trained.candidate),
            "epoch": trained.epoch,
            "val_map": trained.val_map,
            "select_on": options.select_on,
            "seed": seed,
        },
    )


def _write_history(path: str, trained: Trained) -> None:
    rows = [asdict(epoch) for epoch in trained.history]
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
