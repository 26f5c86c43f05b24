"""Export backbone and head as one program, for use without this pipeline: torch.export and ONNX, and a script for files."""

from spml.runtime import log

log.redirect(snakemake)

import os

from spml.artifacts import checkpoints, documents
from spml.features import backbones
from spml.models import labelling, standalone
from spml.models.export import Classifier, export
from spml.runtime.files import writing

options = documents.read(snakemake.input.choice, "choice")["backbone"]
weights, _ = checkpoints.load(snakemake.input.checkpoint)
trained = snakemake.input.checkpoint if options["trained"] else ""
classifier = Classifier(backbones.load(options, snakemake.input.weights, trained), weights)
export(classifier, snakemake.output.program, snakemake.output.onnx)
with writing(snakemake.output.script) as part:
    part.write_text(standalone.source(labelling.__name__), encoding="utf-8")
for path in (snakemake.output.program, snakemake.output.onnx, snakemake.output.script):
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB")
