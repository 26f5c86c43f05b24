"""Index a tar file of pictures: what lies where in it, from its headers, so that no job has to look for a picture."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tar_index
from spml.data import tars

options = snakemake.params.options
rows = tars.members(snakemake.input.tar, options["tar"], options["looked_at"])
tar_index.write(snakemake.output.index, rows)
pictures = [entry.size for entry, reason in rows if not reason]
print(f"{options['tar']}: {len(rows):,} files, {len(pictures):,} of them used, {sum(pictures) / 1e6:,.1f} MB")
