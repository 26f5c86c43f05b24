"""Read one part of a data set in the layout of PASCAL VOC."""

from spml.runtime import log

log.redirect(snakemake)

from spml.data import voc

voc.read(snakemake.params.listing, snakemake.params.training).write(
    snakemake.output.annotations, {"description": f"PASCAL VOC layout, {snakemake.params.listing}"}
)
