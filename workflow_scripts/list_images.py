"""List the images of a part that count, in protocol order, whole and in the shards that features are extracted by."""

from spml.runtime import log

log.redirect(snakemake)

import os

from spml.artifacts import left_out, manifest, picture_files, sharing, tar_index
from spml.data import annotations, image_folder
from spml.runtime.errors import InputError

options, source = snakemake.params.options, snakemake.input.annotations
index = tar_index.read(snakemake.input.indexes) if snakemake.input.indexes else None
if what := options.get("pool", ""):
    listed, others = image_folder.of_folder_or_list(what, "datasets: pool.images", index)
    existing = [(name, name, path) for name, path in listed]
else:
    folder = options["folder"]
    annotated = (
        annotations.read(source, unannotated_count=options["unannotated_count"]) if source else annotations.none([])
    )
    what = annotated.path
    if source and not annotated.image_id:
        raise InputError(f"{what}: no image has an annotation; wanted at least one image with a label")
    has_pictures = options.get("has_pictures", True)
    paths = [os.path.join(folder, file_name) if has_pictures else "" for file_name in annotated.file_name]
    if index:
        inside = (index.path.get(os.path.normpath(file_name)) for file_name in annotated.file_name)
        paths = [member or path for member, path in zip(inside, paths, strict=True)]
    rows = list(zip(annotated.image_id, annotated.file_name, paths, strict=True))
    files = {path for path in paths if not has_pictures or picture_files.member(path) or os.path.isfile(path)}
    existing = [row for row in rows if row[2] in files]
    others = [(name, left_out.NO_ANNOTATION) for name in annotated.unannotated]
    for _, name, path in rows:
        if path not in files:
            others.append((name, left_out.SPECIAL if os.path.exists(path) else left_out.MISSING))
    missing = sorted(set(paths) - files)
    if missing and (options["missing_pictures"] == "refuse" or not existing):
        special = [path for path in missing if os.path.exists(path)]  # a pipe or a folder, for example
        but = f" ({len(special):,} of them are there, but no regular files, the first: {special[0]})" if special else ""
        raise InputError(
            f"{what}: {len(missing):,} of {len(rows):,} pictures are not in {folder}, the first: {missing[0]}{but}; "
            "wanted every picture that is listed and counts (or missing_pictures: leave_out in the config)"
        )
    for path, real in manifest.links_out_of(folder, (path for _, _, path in existing if path and not index)):
        raise InputError(
            f"{what}: picture {path} is a link to {real}, outside {folder}; wanted pictures inside it: name the folder "
            "that they lie in, or copy them"
        )
if snakemake.wildcards.part == "pool":
    existing = [(f"{manifest.POOL}{image}", name, path) for image, name, path in existing]
manifest.write(snakemake.output.images, existing)
tars = []
for shard, start in enumerate(range(0, max(len(existing), 1), options["images_per_shard"])):  # at least one shard
    part = existing[start : start + options["images_per_shard"]]
    path = os.path.join(snakemake.output.shards, f"{shard:05}.csv")
    manifest.write(path, part)
    if snakemake.params.get("checksums"):  # of the pictures, which shared features are named by
        sharing.pictures(path)
    tars += [(f"{shard:05}", tar) for tar in picture_files.tars(path for _, _, path in part)]
if tars:
    manifest.write_tars(snakemake.output.shards, tars)
if snakemake.input.left_out:
    others += left_out.read(snakemake.input.left_out)
left_out.write(snakemake.output.left_out, others)
print(*left_out.lines(what or "no annotations", len(existing), others), sep="\n")
