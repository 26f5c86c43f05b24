"""The text side of OpenCLIP's image-text models: their text tower, their tokenizer and the temperature of their training."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import open_clip
from torch import Tensor, nn

from spml.features import weights
from spml.features.libraries import open_clip_models
from spml.runtime.errors import InputError

CLIP = "as ViT-B-16 and the other models with the tokenizer of CLIP"


class TextModel(NamedTuple):
    """An image-text model, what makes tokens [B, T] of texts, and the temperature that similarities are divided by."""

    model: nn.Module
    tokenize: Callable[[list[str]], Tensor]
    temperature: float


def load(options: Mapping[str, Any], path: str) -> TextModel:
    """Return the image-text model with the weights in a file.

    Raises
    ------
    InputError
        When the file is no state dict of the model, or its tokenizer would have to be fetched.
    """
    tokenize = tokenizer(options["model"], weights.description(path).get("config"))
    model = open_clip_models.load(options, path)
    scale: Tensor = model.logit_scale  # type: ignore[assignment]
    return TextModel(model, tokenize, float((-scale).exp()))


def tokenizer(name: str, config: Mapping[str, Any] | None) -> Callable[[list[str]], Tensor]:
    """Return the tokenizer of a model; ``config`` is the description of one that OpenCLIP does not know by name.

    Raises
    ------
    InputError
        When it is not the one that comes with OpenCLIP.
    """
    known = config["model_cfg"] if config else open_clip.get_model_config(name)
    text = (known or {}).get("text_cfg", {})
    if text.get("hf_tokenizer_name") or "siglip" in name.lower():
        raise InputError(
            f"model: {name} has a tokenizer of its own, which is fetched and needs the package transformers; wanted a model "
            f"whose tokenizer comes with OpenCLIP, {CLIP}"
        )
    length = text.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
    return open_clip.SimpleTokenizer(context_length=length, **(text.get("tokenizer_kwargs") or {}))
