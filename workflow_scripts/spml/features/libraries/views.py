"""Views of a network with tokens: which of them become the features of a picture."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from spml.runtime.errors import InputError


class TokenView(nn.Module):
    """Features [B, D] from the last tokens [B, T, C] of a network: the class token, the mean of the others, or both.

    ``tokens`` maps pictures to tokens, of which the first ``prefix`` belong to no patch; the class token is the first.
    ``norm`` is applied to each of the parts, as networks do that normalise after pooling.
    """

    def __init__(self, tokens: nn.Module, view: str, prefix: int, norm: nn.Module | None = None) -> None:
        super().__init__()
        self.tokens, self.view, self.prefix = tokens, view, prefix
        self.norm = norm if norm is not None else nn.Identity()

    def forward(self, pictures: Tensor) -> Tensor:
        tokens = self.tokens(pictures)
        if self.view == "cls":
            return self.norm(tokens[:, 0])
        mean = self.norm(tokens[:, self.prefix :].mean(1))
        if self.view == "mean":
            return mean
        return torch.cat([self.norm(tokens[:, 0]), mean], 1)


def require_pooled(options: Mapping[str, Any], reason: str) -> None:
    """Raise InputError unless the view is the network's own."""
    if options["view"] != "pooled":
        raise InputError(f"view: found {options['view']} for {options['model']}, which {reason}; wanted pooled")
