"""Read one part of a data set in the layout of PASCAL VOC."""

from spml import log

log.redirect(snakemake)

from spml import voc

voc.read(snakemake.params.listing, snakemake.params.training).write(
    snakemake.output.annotations, {"description": f"PASCAL VOC layout, {snakemake.params.listing}"}
)
