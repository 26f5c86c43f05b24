"""Read one part of NUS-WIDE."""

from spml import log

log.redirect(snakemake)

from spml import nuswide

nuswide.read(snakemake.params.listing).write(
    snakemake.output.annotations, {"description": f"NUS-WIDE, {snakemake.params.listing}"}
)
