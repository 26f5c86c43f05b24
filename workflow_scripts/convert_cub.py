"""Read one part of CUB-200-2011."""

from spml.runtime import log

log.redirect(snakemake)

from spml.data import cub

part = snakemake.wildcards.part
cub.read(snakemake.params.listing, part).write(
    snakemake.output.annotations, {"description": f"CUB-200-2011, {snakemake.params.listing}, {part}"}
)
