"""Read the annotations of one part from COCO JSON, once for all rules that need them."""

from spml.runtime import log

log.redirect(snakemake)

import os

from spml.artifacts import labels
from spml.artifacts.codes import TrueLabel
from spml.data import annotations

source = snakemake.input.annotations
annotated = annotations.of_coco(source)
annotations.write(snakemake.output.annotations, annotated)
present = int(labels.count(annotated.label, TrueLabel.PRESENT).sum())
print(
    f"{source}, {os.path.getsize(source) / 1e6:.1f} MB: {len(annotated.image_id):,} images, {len(annotated.category):,} categories, "
    f"{present:,} labels"
)
