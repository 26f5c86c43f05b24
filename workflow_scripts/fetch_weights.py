"""Fetch torchvision's ImageNet weights of a backbone; a local rule, so that compute nodes need no network."""

from spml.runtime import log

log.redirect(snakemake)

import re
import shutil
from pathlib import Path

import torchvision

from spml.data.download import fetch
from spml.features.backbones import check_architecture
from spml.runtime.files import writing

architecture = snakemake.params.architecture
check_architecture(architecture)
offered = torchvision.models.get_model_weights(architecture)
address = getattr(offered, "IMAGENET1K_V1", next(iter(offered))).url  # the first version, as in the field's papers
beginning = re.search(r"-([0-9a-f]{8,})[.]pth$", address)  # torchvision puts the checksum's first digits into the name
download = {"url": address, "sha256": beginning and beginning[1]} | snakemake.params.download
advice = (
    "Without network: put that file there by other means, or name a local state dict in config.yaml, "
    f"backbones.{snakemake.wildcards.backbone}.weights"
)
output = Path(snakemake.output.weights)
kept = output.parent.parent / "downloads" / Path(download["url"]).name  # no output: survives an interruption
fetched = fetch(download["url"], kept, sha256=download.get("sha256"), advice=advice)
with writing(output) as part:
    shutil.copyfile(fetched, part)
