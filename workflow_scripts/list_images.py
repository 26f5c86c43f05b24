"""List the images of a part that count, in protocol order, whole and in the shards that features are extracted by."""

from spml import log

log.redirect(snakemake)

import os

from spml import annotations, manifest
from spml.errors import InputError

given, folder = snakemake.input.annotations, snakemake.params.images
listed = annotations.read(given, every=snakemake.params.every) if given else annotations.none([])
if given and not listed.image_id:
    raise InputError(f"{given}: no image has an annotation; wanted at least one image with a label")
paths = [os.path.join(folder, file_name) for file_name in listed.file_name]
missing = [path for path in paths if not os.path.isfile(path)]
if missing:
    raise InputError(
        f"{given}: {len(missing):,} of {len(paths):,} pictures are not in {folder}, the first: {missing[0]}; "
        "wanted every picture that is listed and counts"
    )
for path, real in manifest.links_out_of(folder, paths):
    raise InputError(
        f"{given}: picture {path} is a link to {real}, outside {folder}; wanted pictures inside it: name the folder "
        "that they lie in, or copy them"
    )
rows = list(zip(listed.image_id, listed.file_name, paths, strict=True))
manifest.write(snakemake.output.images, rows)
for shard, start in enumerate(range(0, max(len(rows), 1), snakemake.params.images_per_shard)):  # one at least
    part = rows[start : start + snakemake.params.images_per_shard]
    manifest.write(os.path.join(snakemake.output.shards, f"{shard:05}.csv"), part)
print(f"{given or 'no annotations'}: {len(rows):,} images that count")
