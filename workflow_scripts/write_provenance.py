"""Write the provenance of the results: versions, code, configuration, checksums, machine."""

from spml.runtime import log

log.redirect(snakemake)

import json

from spml.artifacts import documents
from spml.reporting import provenance
from spml.runtime.files import writing

record = {
    "written": provenance.now(),
    "dataset": snakemake.wildcards.dataset,
    "code": provenance.code(),
    "versions": provenance.versions(),
    "machine": provenance.machine(),
    "config": snakemake.params.config,
    "inputs": [provenance.file(path) for path in snakemake.input.files],
    "features": [provenance.features(path) for path in snakemake.input.features],
    "tables": [provenance.file(path) for path in snakemake.input.tables],
}
documents.write(snakemake.output.record, "provenance", record)
with writing(snakemake.output.page) as path:
    path.write_text(provenance.page(record), encoding="utf-8")
print(json.dumps({key: record[key] for key in ("code", "versions", "machine")}, indent=1))
