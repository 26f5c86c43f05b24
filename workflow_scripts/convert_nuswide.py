"""Read one part of NUS-WIDE."""

from spml.runtime import log

log.redirect(snakemake)

from spml.data import nuswide

nuswide.read(snakemake.params.listing).write(
    snakemake.output.annotations, {"description": f"NUS-WIDE, {snakemake.params.listing}"}
)
