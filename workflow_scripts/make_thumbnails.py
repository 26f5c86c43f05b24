"""Make the thumbnails of a part for the gallery."""

from spml.runtime import log

log.redirect(snakemake)

from concurrent.futures import ThreadPoolExecutor

from spml.artifacts import labels, manifest, picture_files
from spml.review import thumbnails

images = manifest.read(snakemake.input.images)
with labels.opening(snakemake.input.labels, "labels") as true:
    true.require_same_images(snakemake.input.images, images.image_id)
    paths = picture_files.located(images.path, snakemake.input.tars)
with ThreadPoolExecutor(snakemake.threads) as pool:
    sizes = list(thumbnails.write_blocks(snakemake.output.thumbnails, paths, pool.map))
print(f"{len(paths):,} thumbnails in {len(sizes):,} files, {sum(sizes) / 1e6:.1f} MB")
