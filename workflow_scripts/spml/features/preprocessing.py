"""What a backbone does to a picture before it sees it: size, resizing, and the normalisation of its values."""

import json
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

CROPS: dict[int | str, list[tuple[float, float, float]]] = {  # left, upper and side of each crop, as shares
    1: [(0, 0, 1)],
    5: [(0, 0, 0.8), (0.2, 0, 0.8), (0, 0.2, 0.8), (0.2, 0.2, 0.8), (0.1, 0.1, 0.8)],
    "grid": [(0, 0, 1), (0, 0, 0.5), (0.5, 0, 0.5), (0, 0.5, 0.5), (0.5, 0.5, 0.5)],
}


class Preprocessing(NamedTuple):
    """How pictures are resized and normalised.

    Attributes
    ----------
    size : side in pixels of the square that the network sees
    resize : squash (the whole picture becomes the square) or crop (the shorter side is resized, the centre is cut out)
    kept : for crop, the share of the shorter side that the square keeps, above 0 and up to 1
    interpolation : one of ``INTERPOLATIONS``
    crops : 1 (the whole picture, or its centre), 5 (four corners and the centre of it, 0.8 of its sides) or grid (all of
        it, and its four quarters)
    mean, std : of red, green and blue in [0, 1], those of ImageNet; the network sees (value - mean) / std
    """

    size: int
    resize: Literal["squash", "crop"] = "squash"
    kept: float = 1.0
    interpolation: str = "bilinear"
    crops: Literal[1, 5, "grid"] = 1
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def document(self) -> dict[str, Any]:
        """Return it as plain values, for records; ``of_document`` reads them."""
        return self._asdict() | {"mean": list(self.mean), "std": list(self.std)}

    def text(self) -> str:
        """Return it as one line of JSON, for attributes of files."""
        return json.dumps(self.document(), sort_keys=True)


def of_document(document: dict[str, Any]) -> Preprocessing:
    """Return what ``Preprocessing.document`` made plain."""
    return Preprocessing(**document | {key: tuple(document[key]) for key in ("mean", "std")})


def resized(picture: Image.Image, how: Preprocessing) -> np.ndarray:
    """Return an RGB picture as the network sees it before normalisation, uint8 [S, S, 3]; [K, S, S, 3] where it has K crops."""
    filter, size = INTERPOLATIONS[how.interpolation], (how.size, how.size)
    crops = [np.asarray(picture.resize(size, filter, box)) for box in _boxes(picture.size, how)]
    return crops[0] if how.crops == 1 else np.stack(crops)


def _boxes(size: tuple[int, int], how: Preprocessing) -> list[tuple[float, float, float, float]]:
    """Return the box (left, upper, right, lower) of each crop, in pixels of a picture of this width and height."""
    width, height = size
    if how.resize == "crop":
        width = height = min(size) * how.kept  # type: ignore[assignment]
    left, upper = (size[0] - width) / 2, (size[1] - height) / 2
    places = CROPS[how.crops]
    return [
        (left + x * width, upper + y * height, left + (x + share) * width, upper + (y + share) * height)
        for x, y, share in places
    ]
