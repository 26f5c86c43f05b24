"""Extract the features of one shard of a part with a frozen backbone, once for all models."""

from spml import log

log.redirect(snakemake)

import torch

from spml import backbones, features, images, manifest
from spml.checksums import sha256
from spml.devices import choose_device, choose_precision

options = snakemake.params.options
device = choose_device(snakemake.resources.device)
precision = choose_precision(options["precision"], device)
torch.set_num_threads(1)  # each thread has a batch of its own
model = backbones.load_backbone(options["architecture"], snakemake.input.weights)
checksum = sha256(snakemake.input.weights)
listed = manifest.read(snakemake.input.images)
print(
    f"{options['architecture']} (sha256 {checksum[:12]}…) in {precision} (asked for {options['precision']}) on {device}, "
    f"{snakemake.threads} threads"
)

batch_size = backbones.CPU_BATCH if device == "cpu" else snakemake.resources.batch_size
batches = images.read_batches(listed.path, options["image_size"], batch_size, snakemake.threads)
shape = features.write_shard(
    snakemake.output.features,
    listed.image_id,
    backbones.Extractor(model, precision, device, snakemake.threads)(batches),
    options["storage"],
    backbone=options["architecture"],
    weights_sha256=checksum,
    image_size=options["image_size"],
    preprocessing=backbones.PREPROCESSING,
    precision=precision,
)
print(f"{shape[0]:,} images, {shape[1]:,} features each, stored as {options['storage']}")
