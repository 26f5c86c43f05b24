"""The interface of the readers of annotations: their options, and a part that is written as COCO JSON.

A reader is a module of this package with a function ``convert(conversion, part, output)``: it reads one part of a data
set in its layout and writes it to ``output``, as COCO JSON or as a table of images. The configuration names the module.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spml.artifacts.tar_index import Index
from spml.runtime.files import write_json


@dataclass(frozen=True)
class Conversion:
    """The options of a reader; each reader takes those that its layout needs."""

    listing: str  # path of the list of images of the part
    training: str  # path of the list of images of the training part
    folder: str  # folder of the pictures of the part
    key: str  # the key of the configuration that names the folder, for messages
    left_out: list[tuple[str, str]] = field(default_factory=list)  # files and reasons, which the reader adds
    index: Index | None = None  # of the tars that the pictures lie in


@dataclass
class Part:
    """The images of one part, and the categories that are present in each."""

    category: Sequence[str]
    images: list[dict] = field(default_factory=list)  # id, file_name, perhaps width and height in pixels
    annotations: list[dict] = field(default_factory=list)

    def present(self, image: str, column: int, **more: object) -> None:
        """Add a category, by its number from 0, to an image; ``more`` is the annotation's box and area in pixels."""
        entry = {"id": len(self.annotations) + 1, "image_id": image, "category_id": column + 1, "iscrowd": 0}
        self.annotations.append(entry | more)

    def write(self, path: str | os.PathLike, about: Mapping[str, str]) -> None:
        """Write the part as COCO JSON with every listed image, also those without any category."""
        categories = [{"id": number, "name": name} for number, name in enumerate(self.category, 1)]
        document = {"info": dict(about), "categories": categories}
        document |= {"images": self.images, "annotations": self.annotations}
        write_json(path, document)
        images = len(self.images)
        print(f"{path}: {images:,} images, {len(self.category):,} categories, {len(self.annotations):,} annotations")
