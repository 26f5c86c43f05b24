"""Fetch an archive of a data set, unpack the members that are used, and list them."""

from spml.runtime import log

log.redirect(snakemake)

from pathlib import Path

from spml.data import addresses
from spml.data.archives import unpack, write_listing
from spml.data.download import fetch

ADVICE = (
    "Without network: put that file there by other means, or name local copies in config.yaml: "
    "datasets.<name>.train / .test"
)
download = snakemake.params.download
folder = Path(snakemake.output.files).parent.parent  # of the data set; the listing lies in its folder fetched
archive_path = Path(snakemake.output.files).parent / addresses.stored_as(download["url"])
archive = fetch(download["url"], archive_path, sha256=download.get("sha256"), md5=download.get("md5"), advice=ADVICE)
files = unpack(archive, folder, snakemake.params.members)
write_listing(snakemake.output.files, files)
print(f"{folder}: {len(files):,} files; the archive {archive} is no longer needed and may be deleted")
