"""Running means of score maps, one map per image and category in the frame of the whole image.

Maps [C, B, L, G, G] have a cell in the i-th row and j-th column. A view shows ``box`` [B, 4] of an image (left, upper, width,
height as shares of it), with left and right exchanged where ``flipped`` [B]. NaN stands for a cell that no view has shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 8_000_000_000  # bytes of all maps; a constant, so that results do not depend on the machine
ITEM = 2  # bytes of a float16
CERTAIN = 0.5  # share of the neighbouring cells that must have been shown


def kept_categories(images: int, categories: int, side: int) -> int:
    """Return how many categories per image have a map of side x side cells: all, or as many as ``LIMIT`` takes, at least one."""
    return min(categories, max(1, LIMIT // (ITEM * images * side**2)))


def to_view(maps: Tensor, box: Tensor, flipped: Tensor) -> Tensor:
    """Return maps of images as views show them, float32 [C, B, L, G, G]."""
    centers = _centers(maps)
    across = torch.where(flipped[:, None], 1 - centers, centers)
    left, upper, width, height = box.float().unsqueeze(-1).unbind(1)
    return _sample(maps, left + width * across, upper + height * centers)


def to_image(maps: Tensor, box: Tensor, flipped: Tensor) -> Tensor:
    """Return maps of views in the frames of their images, float32 [C, B, L, G, G]; NaN beside the box."""
    centers = _centers(maps)
    left, upper, width, height = box.float().unsqueeze(-1).unbind(1)
    across, down = (centers - left) / width, (centers - upper) / height
    inside = ((across >= 0) & (across <= 1)).unsqueeze(1) & ((down >= 0) & (down <= 1)).unsqueeze(2)
    across = torch.where(flipped[:, None], 1 - across, across)
    return _sample(maps, across, down).masked_fill(~inside.unsqueeze(1), torch.nan)


def updated(maps: Tensor, new: Tensor, momentum: float) -> Tensor:
    """Return running means that keep ``momentum`` of what they were; a cell without a mean takes the new value."""
    mean = torch.where(maps.isnan(), new, momentum * maps + (1 - momentum) * new)
    return torch.where(new.isnan(), maps, mean)


def _centers(maps: Tensor) -> Tensor:
    """Return the centers [G] of rows or columns of cells, as shares of the side."""
    side = maps.shape[-1]
    return (torch.arange(side, device=maps.device) + 0.5) / side


def _sample(maps: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Return the maps at columns ``across`` and rows ``down`` [B, G], between the cells that are known; NaN where few are."""
    stacks, pictures, categories, side, _ = maps.shape
    grid = torch.stack((across.unsqueeze(1).expand(-1, side, -1), down.unsqueeze(2).expand(-1, -1, side)), -1) * 2 - 1
    values = maps.float().transpose(0, 1).flatten(1, 2)  # [B, C L, G, G]
    known = ~values.isnan()
    both = torch.cat((values.nan_to_num(0.0), known.float()), 1)
    sampled = torch.nn.functional.grid_sample(both, grid, padding_mode="border", align_corners=False)
    total, weight = sampled.chunk(2, dim=1)
    mean = torch.where(weight > CERTAIN, total / weight.clamp_min(CERTAIN), torch.nan)
    return mean.view(pictures, stacks, categories, side, side).transpose(0, 1)
