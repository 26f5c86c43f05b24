"""List the new images that a model is to label."""

from spml import log

log.redirect(snakemake)

from spml import manifest, new_images

place = snakemake.params.images
found = new_images.of_list(place) if snakemake.input.listed else new_images.of_folder(place)
manifest.write(snakemake.output.images, ((name, name, path) for name, path in found))
print(f"{place}: {len(found):,} pictures")
