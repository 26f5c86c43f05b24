"""Choose the training images that the kernel of ridge regression compares with, and its width."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import decompositions, features, labels
from spml.models import kernels
from spml.training import seeds

with labels.opening(snakemake.input.labels, "labels") as true, features.reading(snakemake.input.features) as stored:
    true.require_same_images(snakemake.input.features, stored.image_id)
    rows = true.rows("train")
    chosen = kernels.landmark_rows(len(rows), snakemake.params.options["landmarks"], seeds.seed_for("landmarks"))
    landmarks = kernels.choose_landmarks(stored, rows, rows[chosen])
decompositions.write_landmarks(snakemake.output.landmarks, *landmarks)
print(f"{len(chosen):,} of {len(rows):,} training images; median squared distance {landmarks.width[0]:.4f}")
