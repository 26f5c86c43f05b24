"""List the new images that a model is to label."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import manifest
from spml.data import image_folder

source = snakemake.params.images
images = image_folder.of_list(source) if snakemake.input.listed else image_folder.of_folder(source)
manifest.write(snakemake.output.images, ((name, name, path) for name, path in images))
print(f"{source}: {len(images):,} pictures")
