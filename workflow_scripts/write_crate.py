"""Write the RO-Crate of an experiment: what was made, from what, with what, for machines."""

from spml.runtime import log

log.redirect(snakemake)

import os

import yaml

from spml.artifacts import documents
from spml.reporting import crate, provenance
from spml.runtime.files import writing

source = snakemake.input
with open(source.citation, encoding="utf-8") as file:
    citation = yaml.safe_load(file)
figures = snakemake.params.figures
outputs = []
for path in [*source.pages, *source.figures, *source.tables, source.record]:
    name = os.path.splitext(os.path.basename(path))[0]
    described = {"description": figures[name]} if path in source.figures else {}
    outputs.append(provenance.file(path) | described)
record = documents.read(source.record, "provenance")
metadata = crate.metadata(record, citation, outputs, os.path.dirname(source.record))
with writing(snakemake.output.metadata) as part:
    part.write_text(crate.dumps(metadata), encoding="utf-8")
print(f"{len(outputs)} results, {len(record['made_from'])} inputs, {len(metadata['@graph'])} entities")
