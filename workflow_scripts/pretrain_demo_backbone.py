"""Pretrain the demo's backbone on drawn single-object pictures instead of ImageNet."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np
import torch

from spml.data import demo
from spml.features.pretraining import pretrain
from spml.runtime.files import writing
from spml.training import seeds

EPOCHS = 2
THREADS = 2  # on every machine: gradients are sums over pictures, and their rounding depends on the number of threads
options = snakemake.params.options
torch.set_num_threads(THREADS)
random = np.random.RandomState(seeds.seed_for("singles", demo.SEED) % 2**32)
labels = np.arange(options["singles"]) % len(demo.CATEGORIES)
progress = log.Progress("drawing", len(labels), "single-object pictures")
pictures = np.empty((len(labels), demo.SINGLE_SIZE, demo.SINGLE_SIZE, 3), np.uint8)
for row, label in enumerate(labels):
    pictures[row] = demo.single(random, demo.CATEGORIES[label])
    progress.advance()
progress.finish()

state = pretrain(
    snakemake.params.architecture,
    pictures,
    labels,
    epochs=EPOCHS,
    seed=seeds.seed_for("pretraining", demo.SEED),
)
with writing(snakemake.output.weights) as path:
    torch.save(state, path)
