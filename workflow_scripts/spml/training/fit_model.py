"""Train one model by the way of its head, in steps or in closed form, and write its checkpoint and history."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spml.training.fit import Stage, fit
from spml.training.fit_ridge import fit_ridge
from spml.training.fitted import FittedModel, write_model
from spml.training.options import RidgeOptions


def train_model(
    stages: Sequence[Stage],
    decomposition: str,
    landmarks: str | None,
    selection_labels: np.ndarray,
    *,
    seed: int,
    name: str,
    memory_mb: int,
    device: str,
) -> FittedModel:
    """Return a model that is trained in ``stages``, the last of which is on the training rows; see ``fit`` and ``fit_ridge``.

    ``decomposition`` and ``landmarks`` are files of ridge regression, which has a single stage. Where the options have both
    a head and a ridge regression, the one with the higher validation mAP is returned, of equals the head; the history has
    the rows of both.
    """
    last = stages[-1]
    fitted: dict[str, FittedModel] = {}
    ridge = last.options if isinstance(last.options, RidgeOptions) else last.options.ridge
    if last.options is not ridge:
        fitted[last.options.head] = fit(
            stages, selection_labels, seed=seed, name=name, memory_mb=memory_mb, device=device
        )
    if ridge:
        regression = last._replace(options=ridge)
        fitted["ridge"] = fit_ridge(regression, decomposition, landmarks, selection_labels, name=name)
    best = max(fitted, key=lambda head: fitted[head].val_map)  # the first of equals
    if len(fitted) == 1:
        return fitted[best]
    scores = ", ".join(f"{head} {model.val_map:.2f}" for head, model in fitted.items())
    print(f"validation mAP {scores}: the head is {best}")
    history = [{"head": head, **row} for head, model in fitted.items() for row in model.history]
    return FittedModel(fitted[best].weights, fitted[best].description, history)


def train_and_write(
    stages: Sequence[Stage],
    selection_labels: np.ndarray,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, str],
    *,
    seed: int,
    name: str,
    memory_mb: int,
    device: str,
) -> None:
    """Train a model as ``train_model`` and write it as ``write_model``.

    ``inputs`` have the files ``decomposition`` and ``landmarks``, each empty where there is none.
    """
    ridge = inputs["decomposition"], inputs["landmarks"] or None
    model = train_model(stages, *ridge, selection_labels, seed=seed, name=name, memory_mb=memory_mb, device=device)
    last = stages[-1]
    write_model(outputs, model, category=last.images.category, select_on=last.options.select_on, seed=seed)
