"""What the readers of published layouts (PASCAL VOC, NUS-WIDE, CUB) share: a part that is written as COCO JSON."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spml.runtime.files import writing


@dataclass
class Part:
    """The images of one part, and the categories that are present in each."""

    category: Sequence[str]
    images: list[dict] = field(default_factory=list)  # id, file_name, perhaps width and height in pixels
    annotations: list[dict] = field(default_factory=list)

    def present(self, image: str, column: int, **more: object) -> None:
        """A category, by its number from 0, is present in an image; ``more`` is an annotation's box and area in pixels."""
        entry = {"id": len(self.annotations) + 1, "image_id": image, "category_id": column + 1, "iscrowd": 0}
        self.annotations.append(entry | more)

    def write(self, path: str | os.PathLike, about: Mapping[str, str]) -> None:
        """As COCO JSON, every image listed, also one without any category."""
        categories = [{"id": number, "name": name} for number, name in enumerate(self.category, 1)]
        document = {"info": dict(about), "categories": categories}
        document |= {"images": self.images, "annotations": self.annotations}
        with writing(path) as part, open(part, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
        images = len(self.images)
        print(f"{path}: {images:,} images, {len(self.category):,} categories, {len(self.annotations):,} annotations")
