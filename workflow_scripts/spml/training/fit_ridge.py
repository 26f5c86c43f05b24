"""Fit one ridge regression from a file of features and their decomposition."""

import dataclasses
from typing import Any

import numpy as np

from spml.artifacts import decompositions, features, records
from spml.models.kernels import KERNEL
from spml.runtime.errors import InputError
from spml.training import grid
from spml.training.decomposition import Rows
from spml.training.fit import Stage
from spml.training.fitted import FittedModel
from spml.training.ridge import regress


def fit_ridge(
    stage: Stage, decomposition_path: str, landmarks_path: str | None, selection_labels: np.ndarray, *, name: str
) -> FittedModel:
    """Return the regression on the training rows that is best on the validation rows; as ``fit``, and nothing is random.

    With a kernel, the features are kernel values and ``landmarks_path`` is the file of its landmarks.

    Raises
    ------
    InputError
        When the features are of other images, do not belong to decomposition and landmarks, or a label is ignored.
    """
    options, features_path = stage.options, stage.features
    print(
        f"{name}: {len(stage.labels.values):,} training rows, {stage.labels.positives_per_image:.3f} positives per image, "
        f"kernel {options.kernel}"
    )
    decomposition = decompositions.read(decomposition_path)
    description: dict[str, Any] = {}
    with features.reading(features_path) as stored:
        stage.images.require_same_images(features_path, stored.image_id)
        if len(decomposition.mean) != stored.width:
            raise InputError(
                f"{decomposition_path}: found {len(decomposition.mean):,} features, wanted the {stored.width:,} of "
                f"{features_path}; {records.advice(decomposition_path)}"
            )
        if landmarks_path:
            description["landmarks_sha256"] = records.checksum_of(landmarks_path)
            features.require_kernel_values(stored, description["landmarks_sha256"], landmarks_path)
        training, validation = (Rows(stored, stage.images.rows(split)) for split in ("train", "val"))
        fitted = regress(training, validation, stage.labels, selection_labels, decomposition, options, name)
    if landmarks_path:
        fitted.weights.update(zip(KERNEL, decompositions.read_landmarks(landmarks_path), strict=True))
    edges = grid.edges(fitted.penalty, options.penalties, "penalty")
    print(f"chosen: penalty {fitted.penalty:g}, validation mAP {fitted.val_map:.2f}")
    for edge in edges:
        print(f"the choice is at an edge, the {edge} that was tried: a better one may lie beyond")
    description |= {
        "head": options.head,
        "loss": options.loss_settings,
        "candidate": {"penalty": fitted.penalty},
        "edges": edges,
        "val_map": fitted.val_map,
    }
    return FittedModel(fitted.weights, description, [dataclasses.asdict(row) for row in fitted.history])
