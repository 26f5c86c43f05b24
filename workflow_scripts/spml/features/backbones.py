"""Frozen backbones: a network of a library, without its classifier, and what it wants of pictures."""

from collections.abc import Mapping
from typing import Any

from spml.features.libraries import catalog
from spml.features.libraries.catalog import Built


def load(options: Mapping[str, Any], path: str) -> Built:
    """Return a frozen network in evaluation mode, float32, from normalised pictures [B, 3, S, S] to features [B, D].

    Parameters
    ----------
    options : library, model, weights, image_size (None: that of the weights), view and resize of a backbone
    path : the file of its weights

    Raises
    ------
    InputError
        When the library has no such model, weights or view, or the file does not fit.
    """
    built = catalog.module(options["library"]).build(options, path)
    return Built(built.model.eval().requires_grad_(False), built.preprocessing)
