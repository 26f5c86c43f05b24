"""Extract the features of one shard of a part with a frozen backbone, once for all models."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import features, manifest, picture_files, records, sharing
from spml.features.devices import choose_device
from spml.features.extraction import extract

options = snakemake.params.options
device = choose_device(snakemake.resources.device)
trained = snakemake.input.trained
checksum = records.checksum_of(trained or snakemake.input.weights)  # the record of the shard needs it, too
listed = manifest.read(snakemake.input.images)
paths = picture_files.located(listed.path, snakemake.input.tars)
found = extract(
    paths,
    options,
    snakemake.input.weights,
    device,
    snakemake.threads,
    snakemake.resources.batch_size,
    trained=trained,
)
name = f"{options['library']} {options['model']}" + (f", trained: {snakemake.wildcards.backbone}" if trained else "")
print(
    f"{name} (sha256 {checksum[:12]}…) in {found.precision} (setting: {options['precision']}) on {device}, "
    f"{snakemake.threads} threads"
)

shape = features.write_shard(
    snakemake.output.features,
    listed.image_id,
    found.batches,
    options["storage"],
    keep_crops=options["keep_crops"],
    backbone=name,
    weights_sha256=checksum,
    view=options["view"],
    preprocessing=found.preprocessing.text(),
    precision=found.precision,
)
if shared := snakemake.params.get("shared"):
    sharing.require_same(snakemake.input.images, paths, shared)
print(f"{shape[0]:,} images, {shape[1]:,} features each, stored as {options['storage']}")
