"""Train one model by the way of its head: in steps, or in closed form."""

from collections.abc import Sequence

import numpy as np

from spml.training.fit import Stage, fit
from spml.training.fit_ridge import fit_ridge
from spml.training.options import RidgeOptions


def fit_model(
    stages: Sequence[Stage],
    decomposition: str,
    landmarks: str | None,
    selection_labels: np.ndarray,
    *,
    seed: int,
    name: str,
    memory_mb: int,
    device: str,
    checkpoint: str,
    history: str,
) -> None:
    """Train a model in ``stages``, the last of which is on the training rows; see ``fit`` and ``fit_ridge``.

    ``decomposition`` and ``landmarks`` are files of ridge regression, which has a single stage.
    """
    last = stages[-1]
    if isinstance(last.options, RidgeOptions):
        fit_ridge(
            last.features,
            decomposition,
            landmarks,
            last.images,
            last.labels,
            selection_labels,
            last.options,
            seed=seed,
            name=name,
            checkpoint=checkpoint,
            history=history,
        )
        return
    fit(
        last.features,
        last.images,
        last.labels,
        selection_labels,
        last.options,
        earlier=stages[:-1],
        seed=seed,
        name=name,
        memory_mb=memory_mb,
        device=device,
        checkpoint=checkpoint,
        history=history,
    )
