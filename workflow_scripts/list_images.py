"""List the images of a part that count, in protocol order, whole and in the shards that features are extracted by."""

from spml import log

log.redirect(snakemake)

import os

from spml import coco, manifest
from spml.errors import InputError

annotations, folder = snakemake.input.annotations, snakemake.params.images
dataset = coco.load(annotations)
images = coco.counted_images(dataset)
if not images:
    raise InputError(f"{annotations}: no image has an annotation; wanted at least one image with a label")
paths = [os.path.join(folder, file_name) for _, file_name in images]
missing = [path for path in paths if not os.path.isfile(path)]
if missing:
    raise InputError(
        f"{annotations}: {len(missing):,} of {len(paths):,} pictures are not in {folder}, the first: {missing[0]}; "
        "wanted every picture that has an annotation"
    )
for path, real in manifest.links_out_of(folder, paths):
    raise InputError(
        f"{annotations}: picture {path} is a link to {real}, outside {folder}; wanted pictures inside it: name the folder "
        "that they lie in, or copy them"
    )
rows = [(image_id, file_name, path) for (image_id, file_name), path in zip(images, paths, strict=True)]
manifest.write(snakemake.output.images, rows)
for shard, start in enumerate(range(0, len(rows), snakemake.params.images_per_shard)):
    part = rows[start : start + snakemake.params.images_per_shard]
    manifest.write(os.path.join(snakemake.output.shards, f"{shard:05}.csv"), part)
print(f"{annotations}: {len(dataset.imgs):,} images, {len(images):,} with at least one annotation")
