"""List the new images that a model is to label."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import manifest
from spml.data import image_folder

place = snakemake.params.images
found = image_folder.of_list(place) if snakemake.input.listed else image_folder.of_folder(place)
manifest.write(snakemake.output.images, ((name, name, path) for name, path in found))
print(f"{place}: {len(found):,} pictures")
