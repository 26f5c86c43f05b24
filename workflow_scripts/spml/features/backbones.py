"""Backbones: a network of a library, without its classifier, and what it wants of pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from spml.artifacts import checkpoints
from spml.features import weights
from spml.features.libraries import catalog
from spml.features.libraries.catalog import Built
from spml.features.score_maps import boosted_as
from spml.runtime.errors import InputError


def load(options: Mapping[str, Any], path: str, trained: str | Sequence[str] = ()) -> Built:
    """Return a frozen network in evaluation mode, float32, from normalised pictures [B, 3, S, S] to features [B, D].

    Parameters
    ----------
    options : library, model, weights, image_size (None: that of the weights), view, resize and crops of a backbone
    path : the file of its weights
    trained : the checkpoint of a model that the backbone was trained with, if it was

    Raises
    ------
    InputError
        When the library has no such model, weights or view, a file does not fit, or the network takes no pictures of
        that size.
    """
    try:
        built = catalog.module(options["library"]).build(options, path)
        model, size = built.model.eval().requires_grad_(False), built.preprocessing.size
        with torch.inference_mode():
            features = model(torch.zeros(1, 3, size, size))
    except (RuntimeError, AssertionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"image_size: found {options['image_size']}, which {options['library']}'s {options['model']} does not take "
            f"({reason}); wanted null or another size"
        ) from error
    if features.ndim != 2:
        raise InputError(
            f"model: {options['library']}'s {options['model']} gives features of shape {list(features.shape[1:])} for a picture; "
            "wanted a network that gives one vector"
        )
    return (
        with_trained(Built(model, built.preprocessing), str(trained)) if trained else Built(model, built.preprocessing)
    )


def with_trained(built: Built, checkpoint: str) -> Built:
    """Return the backbone with the weights that it was trained to, in the checkpoint of a model.

    Raises
    ------
    InputError
        When the checkpoint has no backbone, or that of another network.
    """
    arrays, _ = checkpoints.load_part(checkpoint, checkpoints.BACKBONE)
    if not arrays:
        raise InputError(
            f"{checkpoint}: found a head alone, wanted a model whose backbone was trained (mode end_to_end)"
        )
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    built = boosted_as(built, state)
    weights.require_fit(built.model, state, "the backbone that its training began with", checkpoint)
    built.model.load_state_dict(state)
    return Built(built.model.eval().requires_grad_(False), built.preprocessing)
