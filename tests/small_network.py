"""A backbone of 2,000 weights, pictures of 12 pixels, and what trains one on the other in a second."""

import numpy as np
import torch
from torch import nn

from spml.artifacts.labels import Matrix
from spml.features.libraries.catalog import Built
from spml.features.preprocessing import Preprocessing
from spml.finetuning.batches import PictureBatches
from spml.finetuning.fit import make_network, train_candidate
from spml.finetuning.loop import Run
from spml.finetuning.network import first_head
from spml.finetuning.options import FinetuneOptions
from spml.finetuning.steps import Steps
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext
from spml.training import seeds
from spml.training.options import Candidate
from spml.training.supervision import TrainingLabels

SIZE, CATEGORIES, TRAINING, VALIDATION = 12, 4, 37, 15
SEED, NAME, CANDIDATE = 5, "teachers/test", Candidate(8, 0.01)
OPTIONS = FinetuneOptions("end_to_end", "an", "linear", 4)
MLP = {"head": "mlp", "hidden": 6, "dropout": 0.25}


def backbone():
    """Always the same weights, and running statistics that fit nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Conv2d(8, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU6()),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )
        model[1].running_mean.normal_()
        model[4].running_var.uniform_(0.5, 2)
    return Built(model.eval().requires_grad_(False), Preprocessing(SIZE))


class Memory:
    """Pictures that lie in no file."""

    def __init__(self, values):
        self.values, self.size = values, SIZE
        self.image_id = [str(number) for number in range(len(values))]

    def read(self, rows, out=None):
        return np.take(self.values, rows, 0, out)

    def prefetch(self, rows):
        """Nothing is to be read."""


class World:
    """Pictures with a blot of colour per category that is present, their true labels, and one positive of each."""

    def __init__(self):
        random = np.random.RandomState(0)
        count = TRAINING + VALIDATION
        self.labels = (random.rand(count, CATEGORIES) < 0.4).astype(np.int8)
        self.labels[np.arange(count), random.randint(0, CATEGORIES, count)] = 1
        pixels = random.randint(60, 120, (count, SIZE, SIZE, 3))
        for row, category in zip(*self.labels.nonzero(), strict=True):
            y, x = random.randint(0, SIZE - 3, 2)
            pixels[row, y : y + 3, x : x + 3, category % 3] += 130 if category < 3 else -60
        self.pixels = pixels.clip(0, 255).astype(np.uint8)
        self.observed = np.zeros_like(self.labels)
        for row, present in enumerate(self.labels):
            self.observed[row, random.choice(present.nonzero()[0])] = 1
        self.training, self.validation = np.arange(TRAINING), np.arange(TRAINING, count)
        self.split = (np.arange(count) >= TRAINING).astype(np.uint8)

    def run(self, options=OPTIONS, candidate=CANDIDATE, kind=Steps, precision="float32", compiled=False, workers=0):
        """Return the training of one candidate from pictures in memory, before its first epoch."""
        torch.set_num_threads(1)
        built = backbone()
        weights = seeds.seed_for("weights", SEED, NAME, candidate)
        head = first_head(options.head, options.hidden, built, CATEGORIES, weights)
        stored = Memory(self.pixels)
        training = PictureBatches(stored, self.training, self.observed[: len(self.training)], options.augment, workers)
        validation = PictureBatches(stored, self.validation, self.labels[self.validation])
        context = RunContext([seeds.seed_for("loss", SEED, NAME, candidate)], options.epochs, training.labels)
        loss = make_loss(options.loss, options.hyperparameters, context)
        network = make_network(built, head, loss, options, precision=precision, compiled=compiled)
        per_epoch = -(-len(self.training) // candidate.batch_size)
        steps = kind(network, loss, options, candidate.learning_rate, options.epochs * per_epoch)
        return Run(training, validation, self.labels[self.validation], steps, candidate, seed=SEED, name=NAME)

    def matrix(self):
        """Return the labels of all pictures as a file of labels has them."""
        ids = [str(number) for number in range(len(self.labels))]
        return Matrix("labels.h5", ids, list("abcd"), self.labels, self.split)

    def fit(self, shards, state, options=OPTIONS, begin=None, fingerprint="", candidate=CANDIDATE, **changes):
        """Return the model of one candidate from files of pictures."""
        settings = {"device": "cpu", "precision": "float32", "workers": 0, "compile": False} | changes
        observed = TrainingLabels("observed.h5", self.observed[self.training])
        return train_candidate(
            [str(shard) for shard in shards],
            self.matrix(),
            observed,
            self.labels[self.validation],
            backbone(),
            begin,
            options,
            candidate,
            seed=SEED,
            name=NAME,
            state=str(state),
            fingerprint=fingerprint,
            **settings,
        )
