"""List the new images that a model is to label, and the files of their folder that are left out."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import left_out, manifest, tar_index
from spml.data import image_folder

source = snakemake.params.images
indexes = snakemake.input.indexes
index = tar_index.read(indexes) if indexes else None
images, others = image_folder.of_folder_or_list(source, "predict.images", index)
manifest.write(snakemake.output.images, ((name, name, path) for name, path in images))
left_out.write(snakemake.output.left_out, others)
print(*left_out.lines(source, len(images), others), sep="\n")
