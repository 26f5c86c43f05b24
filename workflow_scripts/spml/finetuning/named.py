"""How changes to training pictures are named; PyTorch is not imported, since the planning half reads it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """One change to training pictures, with the parameters of torchvision v2 unless its description says otherwise.

    ``in_view``: whether the view of a picture (its box and flip) tells where each of its parts went. Losses that compare
    score maps need that.
    """

    name: str
    description: str
    source: str
    in_view: bool = True


AUGMENTATIONS = {
    entry.name: entry
    for entry in (Augmentation("flip", "mirrors half of the pictures, left to right", "Cole et al. 2021"),)
}
