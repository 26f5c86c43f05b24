"""Fetch the COCO 2014 annotations: the two instances files of the archive."""

from spml.runtime import log

log.redirect(snakemake)

import os
from pathlib import Path

from spml.data.archives import unpack
from spml.data.download import fetch
from spml.runtime.errors import InputError

ADVICE = (
    "Without network: put that file there by other means, or name local copies in config.yaml, "
    "datasets.<name>.train.annotations and datasets.<name>.test.annotations"
)
targets = [Path(path) for path in snakemake.output]
folder = targets[0].parent
download = snakemake.params.download
archive = fetch(
    download["url"], folder.parent / Path(download["url"]).name, sha256=download.get("sha256"), advice=ADVICE
)
names = {f"annotations/{target.name}" for target in targets}
found = unpack(archive, folder.parent, names.__contains__)
if len(found) != len(names):
    raise InputError(
        f"{archive}: found {', '.join(map(str, found)) or 'none'} of the files wanted: {', '.join(sorted(names))}"
    )
for target in targets:
    os.utime(target)  # the archive's dates are years old
    print(f"{target}: {target.stat().st_size:,} bytes")
