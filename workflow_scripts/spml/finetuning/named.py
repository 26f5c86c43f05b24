"""How changes to training pictures are named; PyTorch is not imported, since the planning half reads this.

Their functions stand in spml.finetuning.augmentation.
"""

from dataclasses import dataclass

CROP_AREA = 0.5  # with 0.08, a sixth of COCO's labels have no object left in the crop; with 0.5, a twentieth


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
    for entry in (
        Augmentation("flip", "mirrors half of the pictures left to right", "Cole et al. 2021"),
        Augmentation(
            "random_resized_crop",
            f"enlarges a random part: {CROP_AREA:.0%} to 100% of the area (torchvision: from 8%), sides 3:4 to 4:3",
            "Szegedy et al. 2015",
        ),
        Augmentation(
            "randaugment",
            "makes two random changes of colour or shape, of magnitude 9 of 30",
            "Cubuk et al. 2020",
            in_view=False,
        ),
    )
}
