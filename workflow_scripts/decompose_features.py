"""Compute the eigenvectors of the features of the training rows, from which every ridge regression on them follows."""

from spml.runtime import log

log.redirect(snakemake)

import torch

from spml.artifacts import decompositions, features, labels
from spml.models.kernels import Landmarks
from spml.training.decomposition import Rows, decompose

torch.set_num_threads(1)  # threads share tiles of the Gram matrix, never a sum
landmarks = None
if snakemake.input.landmarks:
    landmarks = Landmarks(*decompositions.read_landmarks(snakemake.input.landmarks))
with labels.opening(snakemake.input.labels, "labels") as true, features.reading(snakemake.input.features) as stored:
    true.require_same_images(snakemake.input.features, stored.image_id)
    found = decompose(Rows(stored, true.rows("train")), landmarks, snakemake.threads)
decompositions.write(snakemake.output.decomposition, found)
print(
    f"{len(found.eigenvalues):,} directions of {len(found.mean):,} features, mean eigenvalue {found.mean_eigenvalue:g}"
)
