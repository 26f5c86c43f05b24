"""Fetch and unpack the pictures of one part of COCO 2014, and list what came."""

from spml.runtime import log

log.redirect(snakemake)

from pathlib import Path

from spml.data.archives import unpack, write_listing
from spml.data.download import fetch
from spml.runtime.errors import InputError

part = snakemake.wildcards.part
advice = f"Without network: put that file there by other means, or name a local copy in config.yaml, datasets.<name>.{part}.images"
download, folder = snakemake.params.download, Path(snakemake.params.folder)
archive = fetch(
    download["url"], folder.parent / Path(download["url"]).name, sha256=download.get("sha256"), advice=advice
)
pictures = unpack(archive, folder.parent, lambda name: name.startswith(f"{folder.name}/"))
if not pictures:
    raise InputError(f"{archive}: no file in its folder {folder.name}/; wanted the pictures of COCO 2014")
write_listing(snakemake.output.pictures, pictures)
print(f"{folder}: {len(pictures):,} pictures; the archive {archive} is no longer needed and may be deleted")
