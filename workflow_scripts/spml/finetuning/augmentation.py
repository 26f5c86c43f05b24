"""Changes to training pictures, and the view of the picture that results.

All that is random about an image follows from the seed, the epoch, the name of the change and the id of the image. So its
view depends on no other image, no other change, and no process that prepares it.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.transforms import v2

from spml.finetuning.named import CROP_AREA

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class View(NamedTuple):
    """Where the parts of each picture went: a box was cut out and enlarged, then mirrored left to right if ``flipped``.

    ``box`` float32 [B, 4] has left, upper, width and height as shares of the picture, ``flipped`` is bool [B].
    """

    box: Tensor
    flipped: Tensor


class Changed(NamedTuple):
    """A picture after a change, uint8 [3, S, S]: ``box`` of the picture before it, ``flipped`` after that."""

    picture: Tensor
    box: Box = WHOLE
    flipped: bool = False


def flip(picture: Tensor) -> Changed:
    """Mirror a picture left to right in half of all cases."""
    if torch.rand(()) < 0.5:
        return Changed(picture.flip(-1), flipped=True)
    return Changed(picture)


def random_resized_crop(picture: Tensor) -> Changed:
    """Enlarge a random part of a picture to its size, bilinear."""
    size = picture.shape[-1]
    transform = _cropping(size)
    where = transform.make_params([picture])
    left, upper, width, height = (where[name] / size for name in ("left", "top", "width", "height"))
    return Changed(transform.transform(picture, where), (left, upper, width, height))


def randaugment(picture: Tensor) -> Changed:
    """Change colours or shape of a picture twice; the box does not tell how."""
    return Changed(_randaugment()(picture))


CHANGES: dict[str, Callable[[Tensor], Changed]] = {  # all draw from PyTorch's generator for CPUs
    function.__name__: function for function in (flip, random_resized_crop, randaugment)
}


@functools.cache
def _cropping(size: int) -> v2.RandomResizedCrop:
    return v2.RandomResizedCrop(size, scale=(CROP_AREA, 1.0))


@functools.cache
def _randaugment() -> v2.RandAugment:
    return v2.RandAugment()


def unchanged(count: int) -> View:
    """Return the view of ``count`` whole pictures."""
    return View(torch.tensor([WHOLE] * count).reshape(count, 4), torch.zeros(count, dtype=torch.bool))


def augment(pictures: Tensor, image_id: Sequence[str], names: Sequence[str], seed: int, epoch: int) -> View:
    """Change pictures uint8 [B, 3, S, S] in place, by each of the named changes in order; return their view."""
    boxes, flipped = [], []
    with torch.random.fork_rng(devices=[]):
        for picture, identity in zip(pictures, image_id, strict=True):
            box, mirrored = WHOLE, False
            for name in names:
                torch.default_generator.manual_seed(_seed(seed, epoch, name, identity))  # of the CPU alone
                changed = CHANGES[name](picture)
                box = _inside(box, changed.box, mirrored)
                mirrored ^= changed.flipped
                if changed.picture is not picture:
                    picture.copy_(changed.picture)
            boxes.append(box)
            flipped.append(mirrored)
    return View(torch.tensor(boxes), torch.tensor(flipped))


def _seed(seed: int, epoch: int, name: str, image_id: str) -> int:
    """Return a number of 64 bits for a change to an image in an epoch."""
    text = f"{seed} {epoch} {name} {image_id}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _inside(outer: Box, inner: Box, flipped: bool) -> Box:
    """Return, as shares of a whole picture, a box inside a box of it that was mirrored before if ``flipped``."""
    left = 1 - inner[0] - inner[2] if flipped else inner[0]
    return (
        outer[0] + left * outer[2],
        outer[1] + inner[1] * outer[3],
        inner[2] * outer[2],
        inner[3] * outer[3],
    )
