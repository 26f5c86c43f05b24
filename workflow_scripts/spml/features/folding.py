"""Batch normalisation folded into the convolutions before it."""

import torch
from torch import fx, nn
from torch.fx.experimental.optimization import fuse


def folded(model: nn.Module) -> fx.GraphModule | None:
    """Return a traced copy without the batch normalisations that follow a convolution.

    None where the model has no batch normalisation, or cannot be traced.
    """
    if not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()):
        return None
    try:
        traced = fuse(model)
    except torch.fx.proxy.TraceError as error:
        print(f"batch normalisation is not folded: {error}")
        return None
    assert isinstance(traced, fx.GraphModule)
    return traced
