"""Fetch torchvision's ImageNet weights of a backbone; a local rule, so that compute nodes need no network."""

from spml import log

log.redirect(snakemake)

import re

import torchvision
from spml.backbones import check_architecture
from spml.downloads import fetch

architecture = snakemake.params.architecture
check_architecture(architecture)
address = torchvision.models.get_model_weights(architecture).IMAGENET1K_V1.url
beginning = re.search(r"-([0-9a-f]{8,})[.]pth$", address)  # torchvision puts the checksum's first digits into the name
download = {"url": address, "sha256": beginning and beginning[1]} | snakemake.params.download
advice = (
    "Without network: put that file there by other means, or name a local state dict in config.yaml, "
    f"backbones.{snakemake.wildcards.backbone}.weights"
)
fetch(download["url"], snakemake.output.weights, sha256=download.get("sha256"), advice=advice)
