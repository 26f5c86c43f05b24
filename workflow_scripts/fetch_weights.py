"""Fetch torchvision's ImageNet weights of a backbone; a local rule, so that compute nodes need no network."""

from spml.runtime import log

log.redirect(snakemake)

import re
import shutil
from pathlib import Path

import torchvision

from spml.data import addresses
from spml.data.download import fetch
from spml.features.backbones import check_architecture
from spml.runtime.files import writing

architecture = snakemake.params.architecture
check_architecture(architecture)
versions = torchvision.models.get_model_weights(architecture)
first_version = getattr(versions, "IMAGENET1K_V1", next(iter(versions)))  # the version of the published papers
address = first_version.url
match = re.search(r"-([0-9a-f]{8,})[.]pth$", address)  # the name holds the first digits of the checksum
download = {"url": address, "sha256": match and match[1]} | snakemake.params.download
advice = (
    "Without network: put that file there by other means, or name a local state dict in config.yaml, "
    f"backbones.{snakemake.wildcards.backbone}.weights"
)
output = Path(snakemake.output.weights)
# The download is not an output, so that Snakemake keeps it after an interruption.
download_path = output.parent.parent / "downloads" / addresses.stored_as(download["url"])
fetched = fetch(download["url"], download_path, sha256=download.get("sha256"), advice=advice)
with writing(output) as part:
    shutil.copyfile(fetched, part)
