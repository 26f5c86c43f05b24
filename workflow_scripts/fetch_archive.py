"""Fetch an archive of a data set, unpack the members that are used, and list them."""

from spml.runtime import log

log.redirect(snakemake)

from pathlib import Path
from urllib.parse import urlsplit

from spml.data.archives import unpack, write_listing
from spml.data.download import fetch

ADVICE = (
    "Without network: put that file there by other means, or name local copies in config.yaml: "
    "datasets.<name>.train / .test"
)
download = snakemake.params.download
folder = Path(snakemake.output.files).parent.parent  # of the data set; the listing lies in its folder fetched
name = Path(urlsplit(download["url"]).path).name
archive = fetch(download["url"], folder / name, sha256=download.get("sha256"), md5=download.get("md5"), advice=ADVICE)
files = unpack(archive, folder, snakemake.params.members)
write_listing(snakemake.output.files, files)
print(f"{folder}: {len(files):,} files; the archive {archive} is no longer needed and may be deleted")
