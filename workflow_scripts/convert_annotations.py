"""Convert one part of a data set to COCO JSON, or a folder of pictures to a table, by the reader of its layout."""

from spml.runtime import log

log.redirect(snakemake)

import importlib

from spml.artifacts import left_out, tar_index
from spml.data.layout import Conversion

options = dict(snakemake.params.options)
reader = importlib.import_module(f"spml.data.{options.pop('reader')}")  # by name: the rule tracks this one reader alone
indexes = snakemake.input.indexes
conversion = Conversion(**options, index=tar_index.read(indexes) if indexes else None)
reader.convert(conversion, snakemake.wildcards.part, snakemake.output.annotations)
left_out.write(snakemake.output.left_out, conversion.left_out)
