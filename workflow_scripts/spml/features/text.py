"""Text features: what an image-text model makes of prompts that name the categories.

Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spml.runtime.errors import InputError

TEXTS = 256  # through the text tower at a time


def names_of(path: str, named: Any, category: Sequence[str]) -> list[list[str]]:
    """Return the names of each category as texts have them: those of a file, or else the category as it is.

    Parameters
    ----------
    path : the file, for messages
    named : its content, category to a name or a list of names
    category : the categories [L]

    Raises
    ------
    InputError
        When the content is something else, or names a category that is not there.
    """
    wanted = "a category on each line, and after the colon its name in texts, or a list of names"
    if not isinstance(named, Mapping):
        raise InputError(f"{path}: found {type(named).__name__}, wanted {wanted}")
    if unknown := sorted(str(name) for name in named if name not in category):
        raise InputError(f"{path}: found category {unknown[0]!r}, wanted one of {', '.join(category)}")
    found = []
    for name in category:
        own = named.get(name, name)
        texts = own if isinstance(own, list) else [own]
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            raise InputError(f"{path}: {name}: found {own!r}, wanted {wanted}")
        found.append(texts)
    return found


def filled(prompts: Sequence[str], names: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the texts of each category: every prompt with each of its names in place of ``{}``; _ in a name is a blank."""
    return [[prompt.replace("{}", name.replace("_", " ")) for name in own for prompt in prompts] for own in names]


def averaged(features: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """Return one feature of unit length per category, float32 [L, D].

    Parameters
    ----------
    features : float [T, D]
        Those of the texts, the categories one after the other.
    counts : the number of texts of each category, T together

    The features of its texts are brought to unit length, averaged, and brought to unit length again.
    """
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    ends = np.cumsum(counts)
    means = np.stack([unit[end - count : end].mean(0) for end, count in zip(ends, counts, strict=True)])
    return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


@torch.no_grad()
def encoded(model: nn.Module, tokenize: Callable[[list[str]], Tensor], texts: Sequence[str]) -> np.ndarray:
    """Return the features float32 [T, D] of texts by the text tower of an OpenCLIP model; some at a time."""
    blocks = [list(texts[start : start + TEXTS]) for start in range(0, len(texts), TEXTS)]
    encode: Callable[[Tensor], Tensor] = model.encode_text  # type: ignore[assignment]
    return np.concatenate([encode(tokenize(block)).float().numpy() for block in blocks])
