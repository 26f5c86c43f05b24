"""Fit one ridge regression from a file of features and their decomposition, and write its checkpoint and history."""

import dataclasses

import numpy as np

from spml.artifacts import checkpoints, decompositions, features, labels, records
from spml.models.kernels import KERNEL
from spml.runtime.errors import InputError
from spml.training import grid
from spml.training.decomposition import Rows
from spml.training.history import write_history
from spml.training.options import RidgeOptions
from spml.training.ridge import regress
from spml.training.supervision import TrainingLabels


def fit_ridge(
    features_path: str,
    decomposition_path: str,
    landmarks_path: str | None,
    true: labels.Matrix | labels.MatrixFile,
    training_labels: TrainingLabels,
    selection_labels: np.ndarray,
    options: RidgeOptions,
    *,
    seed: int,
    name: str,
    checkpoint: str,
    history: str,
) -> None:
    """Regress on the training rows, select on the validation rows, write checkpoint and history; as ``fit``.

    With a kernel, the features are kernel values and ``landmarks_path`` is the file of its landmarks. ``seed`` is that of
    the labels: nothing here is random.

    Raises
    ------
    InputError
        When the features are of other images, do not belong to decomposition and landmarks, or a label is ignored.
    """
    values = training_labels.values
    positives = values.clip(0).sum() / len(values)
    print(f"{name}: {len(values):,} training rows, {positives:.3f} positives per image, kernel {options.kernel}")
    decomposition = decompositions.read(decomposition_path)
    description = {}
    with features.reading(features_path) as stored:
        true.require_same_images(features_path, stored.image_id)
        if len(decomposition.mean) != stored.width:
            raise InputError(
                f"{decomposition_path}: found {len(decomposition.mean):,} features, wanted the {stored.width:,} of "
                f"{features_path}; {records.advice(decomposition_path)}"
            )
        if landmarks_path:
            description["landmarks_sha256"] = records.checksum_of(landmarks_path)
            features.require_kernel_values(stored, description["landmarks_sha256"], landmarks_path)
        training, validation = (Rows(stored, true.rows(split)) for split in ("train", "val"))
        fitted = regress(training, validation, training_labels, selection_labels, decomposition, options, name)
    if landmarks_path:
        fitted.weights.update(zip(KERNEL, decompositions.read_landmarks(landmarks_path), strict=True))
    edges = grid.edges(fitted.penalty, options.penalties, "penalty")
    print(f"chosen: penalty {fitted.penalty:g}, validation mAP {fitted.val_map:.2f}")
    for edge in edges:
        print(f"the choice is at an edge, the {edge} that was tried: a better one may lie beyond")
    write_history(history, [dataclasses.asdict(row) for row in fitted.history])
    checkpoints.save(
        checkpoint,
        fitted.weights,
        {
            "categories": true.category,
            "head": options.head,
            "loss": options.loss_settings,
            "candidate": {"penalty": fitted.penalty},
            "edges": edges,
            "val_map": fitted.val_map,
            "select_on": options.select_on,
            "seed": seed,
        }
        | description,
    )
