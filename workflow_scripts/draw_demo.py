"""Draw one part of the demo: scenes as JPEG files, and their annotations as COCO JSON."""

from spml.runtime import log

log.redirect(snakemake)

import os
from pathlib import Path

import numpy as np

from spml.data import demo
from spml.runtime.files import write_json, writing
from spml.training import seeds

options, part = snakemake.params.options, snakemake.wildcards.part
count = options["scenes"]
folder = Path(snakemake.output.annotations).parent / part
random = np.random.RandomState(seeds.seed_for("scenes", demo.SEED, part) % 2**32)
number = {name: row + 1 for row, name in enumerate(demo.CATEGORIES)}
images: list[dict] = []
annotations: list[dict] = []

progress = log.Progress(f"drawing {part}", count, "scenes")
for image in range(1, count + 1):
    picture, objects = demo.scene(random)
    name = f"{image:06}.jpg"
    with writing(folder / name, sync=False) as path:
        picture.save(path, "JPEG", quality=92)
    images.append({"id": image, "file_name": name, "width": picture.width, "height": picture.height})
    for category, box, area in objects:
        entry = {"image_id": image, "category_id": number[category], "bbox": box, "area": area, "iscrowd": 0}
        annotations.append({"id": len(annotations) + 1} | entry)
    progress.advance()
progress.finish()
os.sync()  # once: a wait for the disk after each picture would take longer than to draw it

# Written last: this file stands for the pictures, which Snakemake does not track.
dataset = {
    "info": {"description": f"Pseudo Multi-Labels demo, {part}: drawn, not photographed"},
    "categories": [{"id": row, "name": name} for name, row in number.items()],
    "images": images,
    "annotations": annotations,
}
write_json(snakemake.output.annotations, dataset)
print(f"{count:,} scenes, {len(annotations):,} objects of {len(number)} categories in {folder}")
