"""Layers of timm as plain ones of torch, which can be traced, folded and exported.

timm pads some convolutions by the size of what comes in, and has batch normalisation and activation in one layer. For
pictures of one size both have a plain form with the same result.
"""

import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from timm.layers.padding import pad_same
from torch import nn


@torch.no_grad()
def plain(model: nn.Module, size: int) -> nn.Module:
    """Return the model, in evaluation mode, with these layers replaced; it then takes pictures [B, 3, size, size] alone."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    found = [layer for layer in model.modules() if type(layer) is Conv2dSame]
    hooks = [
        layer.register_forward_pre_hook(lambda layer, values: shapes.update({layer: values[0].shape}))
        for layer in found
    ]
    if found:
        model.eval()(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    for name, layer in list(model.named_modules()):
        if type(layer) is Conv2dSame and layer in shapes:
            _replace(model, name, _padded(layer, shapes[layer]))
        elif type(layer) is BatchNormAct2d:
            _replace(model, name, _separate(layer))
    return model.eval()


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)


def _padded(layer: nn.Conv2d, shape: tuple[int, ...]) -> nn.Module:
    """Return the convolution with the padding that values of this shape [B, C, H, W] get."""
    kernel, stride, dilation = layer.kernel_size, layer.stride, layer.dilation
    ones = pad_same(torch.ones(1, 1, *shape[2:]), list(kernel), list(stride), list(dilation))[
        0, 0
    ]  # ones, zeros around
    rows, columns = (torch.nonzero(ones.sum(axis))[:, 0] for axis in (1, 0))
    sides = [int(columns[0]), ones.shape[1] - 1 - int(columns[-1]), int(rows[0]), ones.shape[0] - 1 - int(rows[-1])]
    convolution = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        kernel,  # type: ignore[arg-type]
        stride,  # type: ignore[arg-type]
        dilation=dilation,  # type: ignore[arg-type]
        groups=layer.groups,
        bias=layer.bias is not None,
    )
    convolution.load_state_dict(layer.state_dict())
    return nn.Sequential(nn.ZeroPad2d(sides), convolution)  # type: ignore[arg-type]


def _separate(layer: BatchNormAct2d) -> nn.Module:
    """Return normalisation and activation as two layers."""
    normalisation = nn.BatchNorm2d(
        layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
    )
    normalisation.load_state_dict(layer.state_dict())
    return nn.Sequential(normalisation, layer.drop, layer.act)
