"""Fetch the weights of a backbone as its library names them; a local rule, so that compute nodes need no network."""

from spml.runtime import log

log.redirect(snakemake)

import json
from pathlib import Path

from spml.artifacts.checksums import digest
from spml.data import addresses, hub
from spml.data.download import fetch
from spml.features import weights
from spml.features.libraries import catalog

options, mirror = snakemake.params.options, snakemake.params.download
library, key = catalog.module(options["library"]), f"backbones.{snakemake.wildcards.backbone}"
advice = f"Without network: fetch it by other means and name the file in config.yaml, {key}.weights"
output = Path(snakemake.output.weights)
folder = output.parent / "downloads"  # no output, so that Snakemake keeps it after an interruption

config = None
if options["weights"] == "package":
    state, config, source = library.packaged(options)
    checksum = ""
else:
    remote = library.remote(options)
    if mirror or remote.url:
        download = {"url": remote.url, "sha256": remote.sha256 or None} | mirror
        source = download["url"]
        path = fetch(source, folder / addresses.stored_as(source), sha256=download["sha256"], advice=advice)
        if remote.config:
            config = hub.read_config(remote, folder, key)
    else:
        path, config, source = hub.fetch(remote, folder, key)
    state, _ = weights.read(path)
    checksum = digest(path, "sha256")
weights.write(
    output,
    state,
    {
        "library": options["library"],
        "model": options["model"],
        "source": source,
        "source_sha256": checksum,
        "config": config,
    },
)
size = sum(value.numel() for value in state.values())
print(f"{options['library']} {options['model']}: {size:,} numbers in {len(state):,} tensors, from {source} {checksum}")
print(json.dumps(config, sort_keys=True) if config else "described by the library")
