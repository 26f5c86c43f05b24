"""Fetch the archive of a data set, annotations and pictures in one, unpack what is used of it, and list what came."""

from spml.runtime import log

log.redirect(snakemake)

from pathlib import Path
from urllib.parse import urlsplit

from spml.data.archives import unpack, write_listing
from spml.data.download import fetch
from spml.runtime.errors import InputError

ADVICE = (
    "Without network: put that file there by other means, or name local copies in config.yaml, "
    "datasets.<name>.train.annotations and so on"
)
download, members = snakemake.params.download, snakemake.params.members
folder = Path(snakemake.output.files).parent
name = Path(urlsplit(download["url"]).path).name
archive = fetch(download["url"], folder / name, sha256=download.get("sha256"), md5=download.get("md5"), advice=ADVICE)
files = unpack(archive, folder, lambda member: member.removeprefix("./").startswith(tuple(members)))
for member in members:
    if not any(path.relative_to(folder).as_posix().startswith(member) for path in files):
        raise InputError(f"{archive}: found no member {member}, wanted {', '.join(members)}")
write_listing(snakemake.output.files, files)
print(f"{folder}: {len(files):,} files; the archive {archive} is no longer needed and may be deleted")
