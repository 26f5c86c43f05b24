"""List the images of a part that count, in protocol order, whole and in the shards that features are extracted by."""

from spml.runtime import log

log.redirect(snakemake)

import os

from spml.artifacts import manifest
from spml.data import annotations
from spml.runtime.errors import InputError

options, source = snakemake.params.options, snakemake.input.annotations
folder = options["folder"]
listed = annotations.read(source, unannotated_count=options["unannotated_count"]) if source else annotations.none([])
if source and not listed.image_id:
    raise InputError(f"{source}: no image has an annotation; wanted at least one image with a label")
paths = [os.path.join(folder, file_name) for file_name in listed.file_name]
rows = list(zip(listed.image_id, listed.file_name, paths, strict=True))
existing = [row for row in rows if os.path.isfile(row[2])]
missing = sorted(set(paths) - {path for _, _, path in existing})
if missing and (options["missing_pictures"] == "refuse" or not existing):
    raise InputError(
        f"{source}: {len(missing):,} of {len(paths):,} pictures are not in {folder}, the first: {missing[0]}; "
        "wanted every picture that is listed and counts (or missing_pictures: leave_out in the config)"
    )
for path, real in manifest.links_out_of(folder, (path for _, _, path in existing)):
    raise InputError(
        f"{source}: picture {path} is a link to {real}, outside {folder}; wanted pictures inside it: name the folder "
        "that they lie in, or copy them"
    )
manifest.write(snakemake.output.images, existing)
for shard, start in enumerate(range(0, max(len(existing), 1), options["images_per_shard"])):  # at least one shard
    part = existing[start : start + options["images_per_shard"]]
    manifest.write(os.path.join(snakemake.output.shards, f"{shard:05}.csv"), part)
print(f"{source or 'no annotations'}: {listed.listed:,} images, {len(rows):,} that count")
if missing:
    print(f"warning: {len(missing):,} of them have no picture in {folder} and are left out, the first: {missing[0]}")
