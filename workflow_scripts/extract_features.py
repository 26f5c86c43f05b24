"""Extract the features of a part with a frozen backbone, once for all models."""

from spml import log

log.redirect(snakemake)

import torch

from spml import backbones, features, images, manifest
from spml.checksums import sha256
from spml.devices import choose_device

options = snakemake.params.options
device = choose_device(snakemake.resources.device)
torch.set_num_threads(snakemake.threads)
model = backbones.load_backbone(options["architecture"], snakemake.input.weights, device)
checksum = sha256(snakemake.input.weights)
listed = manifest.read(snakemake.input.images)
print(f"{options['architecture']} (sha256 {checksum[:12]}…) on {device}, {snakemake.threads} threads")

batches = images.read_batches(listed.path, options["image_size"], snakemake.resources.batch_size, snakemake.threads)
shape = features.write(
    snakemake.output.features,
    listed.image_id,
    backbones.extract(model, batches, device),
    options["precision"],
    backbone=options["architecture"],
    weights_sha256=checksum,
    image_size=options["image_size"],
    preprocessing=backbones.PREPROCESSING,
)
print(f"{shape[0]:,} images, {shape[1]:,} features each, {options['precision']}")
