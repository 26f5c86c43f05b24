"""Write the provenance of the results: versions, code, configuration, checksums, machine."""

from spml.runtime import log

log.redirect(snakemake)

import json

from spml.artifacts import documents
from spml.artifacts.lineage import require_options, trace
from spml.reporting import provenance
from spml.runtime.files import writing

lineage = trace([*snakemake.input.tables, *snakemake.input.features])
require_options(lineage, snakemake.params.planned)
record = {
    "written": provenance.now(),
    "dataset": snakemake.wildcards.dataset,
    "experiment": snakemake.params.config.get("experiment"),
    "code": provenance.code(),
    "versions": provenance.versions(),
    "machine": provenance.machine(),
    "config": snakemake.params.config,
    "inputs": [provenance.file(path) for path in snakemake.input.files],
    "made_from": dict(sorted(lineage.files.items())),
    "features": [provenance.features(path) for path in snakemake.input.features],
    "tables": [provenance.file(path) for path in snakemake.input.tables],
}
documents.write(snakemake.output.record, "provenance", record)
with writing(snakemake.output.page) as path:
    path.write_text(provenance.page(record), encoding="utf-8")
print(f"{len(lineage.artifacts):,} artifacts, made from {len(lineage.files):,} files, as the configuration says")
print(json.dumps({key: record[key] for key in ("code", "versions", "machine")}, indent=1))
