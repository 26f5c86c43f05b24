"""Train one model in steps, from files of features."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from spml.artifacts import checkpoints, features, labels
from spml.training.batches import BatchSource, open_batches
from spml.training.engine import train
from spml.training.fitted import FittedModel
from spml.training.supervision import TrainingLabels


class Stage(NamedTuple):
    """Training on some rows: their features, the labels file of their part, its split, the labels and the options."""

    features: str
    images: labels.Matrix | labels.MatrixFile
    split: str
    labels: TrainingLabels
    options: Any  # TrainingOptions, or RidgeOptions


def fit(
    stages: Sequence[Stage], selection_labels: np.ndarray, *, seed: int, name: str, memory_mb: int, device: str
) -> FittedModel:
    """Return the model that is trained in stages, each chosen on the validation rows.

    A stage begins with the weights that the one before ends with. The last is on the training rows: its images give
    categories and split, and ``selection_labels`` [n, L] belong to its validation rows. ``name`` and ``seed`` identify the
    random streams. Features are held in memory up to ``memory_mb`` (0: all).

    Raises
    ------
    InputError
        When the features are of other images, or a loss is not finite.
    """
    last = stages[-1]
    rows: list[dict[str, Any]] = []
    begin = None
    with features.reading(last.features) as stored:
        last.images.require_same_images(last.features, stored.image_id)
        validation = open_batches(stored, last.images.rows("val"), selection_labels, memory_mb, device)
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
            rows += [({"stage": number} if len(stages) > 1 else {}) | asdict(epoch) for epoch in trained.history]
    description = {
        "head": last.options.head,
        "loss": last.options.loss_settings,
        "candidate": asdict(trained.candidate),
        "epoch": trained.epoch,
        "edges": trained.edges,
        "val_map": trained.val_map,
    }
    weights = trained.weights | {f"{checkpoints.LOSS}{key}": value for key, value in trained.loss_parameters.items()}
    return FittedModel({key: value.numpy() for key, value in weights.items()}, description, rows)


@contextlib.contextmanager
def _training_rows(stage: Stage, memory_mb: int, device: str) -> Iterator[BatchSource]:
    """Yield the rows that a stage trains on."""
    with features.reading(stage.features) as stored:
        stage.images.require_same_images(stage.features, stored.image_id)
        yield open_batches(stored, stage.images.rows(stage.split), stage.labels.values, memory_mb, device)


def _print_stage(name: str, stage: Stage, device: str) -> None:
    print(
        f"{name}: {len(stage.labels.values):,} training rows, {stage.labels.positives_per_image:.3f} positives per image, "
        f"loss {stage.options.loss_settings}, {device}"
    )
