"""Train one model from a file of features, and write its checkpoint and history."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from spml.artifacts import checkpoints, features, labels
from spml.training.batches import BatchSource, open_batches
from spml.training.engine import train
from spml.training.history import write_history
from spml.training.options import TrainingOptions
from spml.training.supervision import TrainingLabels


class Stage(NamedTuple):
    """Training on some rows: their features, the labels file of their part, its split, the labels and the options."""

    features: str
    images: labels.Matrix | labels.MatrixFile
    split: str
    labels: TrainingLabels
    options: Any  # TrainingOptions, or RidgeOptions


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
    earlier: Sequence[Stage] = (),
) -> None:
    """Train on the training rows, select on the validation rows, write checkpoint and history.

    ``true`` gives images, categories and split of the training part; ``training_labels`` [n, L] and
    ``selection_labels`` [n, L] belong to its training and validation rows. ``name`` and ``seed`` identify the random
    streams. Features are held in memory up to ``memory_mb`` (0: all). The model begins with the weights that the
    ``earlier`` stages end with, each of them chosen on the validation rows, too.

    Raises
    ------
    InputError
        When the features are of other images, or a loss is not finite.
    """
    stages = [*earlier, Stage(features_path, true, "train", training_labels, options)]
    rows: list[dict[str, Any]] = []
    begin = None
    with features.reading(features_path) as stored:
        true.require_same_images(features_path, stored.image_id)
        validation = open_batches(stored, true.rows("val"), selection_labels, memory_mb, device)
        for number, stage in enumerate(stages, 1):
            is_last = number == len(stages)
            title = name if is_last else f"{name}/stage_{number}"  # the last is seeded as a model of one stage
            with _training_rows(stage, memory_mb, device) as training:
                _print_stage(title, stage, device)
                trained = train(training, validation, stage.options, seed=seed, name=title, device=device, begin=begin)
            begin = trained.weights
            print(f"chosen: {trained.candidate}, epoch {trained.epoch}, validation mAP {trained.val_map:.2f}")
            for edge in trained.edges:
                print(f"the choice is at an edge, the {edge} that was tried: a better one may lie beyond")
            rows += [({"stage": number} if earlier else {}) | asdict(epoch) for epoch in trained.history]
    write_history(history, rows)
    checkpoints.save(
        checkpoint,
        {key: value.numpy() for key, value in trained.weights.items()},
        {
            "categories": true.category,
            "head": options.head,
            "loss": options.loss_settings,
            "candidate": asdict(trained.candidate),
            "epoch": trained.epoch,
            "edges": trained.edges,
            "val_map": trained.val_map,
            "select_on": options.select_on,
            "seed": seed,
        },
    )


@contextlib.contextmanager
def _training_rows(stage: Stage, memory_mb: int, device: str) -> Iterator[BatchSource]:
    """Yield the rows that a stage trains on."""
    with features.reading(stage.features) as stored:
        stage.images.require_same_images(stage.features, stored.image_id)
        yield open_batches(stored, stage.images.rows(stage.split), stage.labels.values, memory_mb, device)


def _print_stage(name: str, stage: Stage, device: str) -> None:
    values = stage.labels.values
    positives = values.clip(0).sum() / len(values)
    print(
        f"{name}: {len(values):,} training rows, {positives:.3f} positives per image, "
        f"loss {stage.options.loss_settings}, {device}"
    )
