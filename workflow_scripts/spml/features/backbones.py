"""Frozen backbones: a network of a library, without its classifier, and what it wants of pictures."""

from collections.abc import Mapping
from typing import Any

import torch

from spml.features.libraries import catalog
from spml.features.libraries.catalog import Built
from spml.runtime.errors import InputError


def load(options: Mapping[str, Any], path: str) -> Built:
    """Return a frozen network in evaluation mode, float32, from normalised pictures [B, 3, S, S] to features [B, D].

    Parameters
    ----------
    options : library, model, weights, image_size (None: that of the weights), view, resize and crops of a backbone
    path : the file of its weights

    Raises
    ------
    InputError
        When the library has no such model, weights or view, the file does not fit, or the network takes no pictures of
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
    return Built(model, built.preprocessing)
