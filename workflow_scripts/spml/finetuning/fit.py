"""Train one candidate of a model whose backbone is trained, from files of decoded pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch

from spml.artifacts import labels
from spml.artifacts.checkpoints import LOSS
from spml.artifacts.pictures import reading
from spml.features.devices import choose_precision
from spml.features.libraries.catalog import Built
from spml.finetuning.batches import PictureBatches
from spml.finetuning.loop import Run
from spml.finetuning.network import Network, first_head
from spml.finetuning.options import FinetuneOptions
from spml.finetuning.score_maps import with_boost
from spml.finetuning.state import read_state, write_state
from spml.finetuning.steps import Steps
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext, TrainingLoss
from spml.models.heads import Weights
from spml.runtime.errors import InputError
from spml.training import seeds
from spml.training.fitted import FittedModel
from spml.training.options import Candidate
from spml.training.supervision import TrainingLabels


def train_candidate(
    pictures: Sequence[str],
    images: labels.Matrix | labels.MatrixFile,
    training_labels: TrainingLabels,
    selection_labels: np.ndarray,
    built: Built,
    begin: Mapping[str, np.ndarray] | None,
    options: FinetuneOptions,
    candidate: Candidate,
    *,
    seed: int,
    name: str,
    device: str,
    precision: str,
    workers: int,
    compile: bool,
    state: str,
    fingerprint: str,
) -> FittedModel:
    """Return the model of one candidate at its best epoch by validation mAP.

    Parameters
    ----------
    pictures
        The files of decoded pictures, in the order of the images.
    images
        The labels file of their part: image ids, and the split of each row.
    training_labels, selection_labels
        The labels of the training rows, and those of the validation rows [n, L] that the epoch is chosen on.
    built
        The backbone at the weights that training begins with.
    begin
        The weights of a head to begin with, and perhaps tensors of the loss as ``loss.estimates`` [n, L]; None for an initial
        head, drawn by (seed, name, candidate).
    seed, name
        What identifies the random streams.
    precision
        auto, float32 or bfloat16.
    workers
        How many processes prepare pictures; the result does not depend on them.
    compile
        Whether torch.compile makes the backbone faster.
    state, fingerprint
        The resume file, and a text that stands for all that is trained on. A state of the same settings is gone on from.

    Returns
    -------
    The weights are those of the head, as in spml.models.heads, and ``backbone.`` with the names of the backbone's state dict.

    Raises
    ------
    InputError
        When the pictures are of other images or of another preprocessing, or a loss is not finite.
    """
    precision = choose_precision(precision, device)
    if device == "cpu":
        torch.set_num_threads(1)  # the rounding of a convolution depends on how many threads share it
    values = training_labels.values
    settings = {
        "fingerprint": fingerprint,
        "options": asdict(options),
        "candidate": asdict(candidate),
        "stream": [seed, name],
        "computed": [device, precision, compile],
    }
    head = {key: torch.from_numpy(value) for key, value in (begin or {}).items() if not key.startswith(LOSS)}
    if not head:
        weight_seed = seeds.seed_for("weights", seed, name, candidate)
        head = first_head(options.head, options.hidden, built, values.shape[1], weight_seed)
    with reading(pictures) as stored:
        images.require_same_images(pictures[0], stored.image_id)
        _require_preprocessing(pictures[0], stored.preprocessing, built)
        training = PictureBatches(stored, images.rows("train"), values, options.augment, workers, device)
        validation = PictureBatches(stored, images.rows("val"), selection_labels, (), workers, device)
        context = RunContext([seeds.seed_for("loss", seed, name, candidate)], options.epochs, training.labels)
        loss = make_loss(options.loss, options.hyperparameters, context)
        if carried := {key.removeprefix(LOSS): value for key, value in (begin or {}).items() if key.startswith(LOSS)}:
            loss.load_state({key: torch.from_numpy(value)[None].to(device) for key, value in carried.items()})
        network = make_network(built, head, loss, options, precision=precision, compiled=compile).to(device)
        per_epoch = -(-len(values) // candidate.batch_size)
        steps = Steps(network, loss, options, candidate.learning_rate, options.epochs * per_epoch)
        run = Run(training, validation, selection_labels, steps, candidate, seed=seed, name=name)
        print(
            f"{name}: {len(values):,} training rows, {training_labels.positives_per_image:.3f} positives per image, "
            f"loss {options.loss_settings}, {candidate}, {device}, {precision}"
        )
        if found := read_state(state, settings, run.state().tensors):
            run.resume(found)
        run.train(lambda after: write_state(state, settings, after))
    best = run.best
    print(f"{candidate}: epoch {best.epoch}, validation mAP {best.val_map:.2f}")
    description = {
        "mode": options.mode,
        "head": options.head,
        "loss": options.loss_settings,
        "candidate": asdict(candidate),
        "epoch": best.epoch,
        "edges": [],
        "val_map": best.val_map,
    }
    weights = {key: value.numpy() for key, value in best.weights.items()}
    return FittedModel(weights, description, [asdict(epoch) for epoch in run.history])


def make_network(
    built: Built, head: Weights, loss: TrainingLoss, options: FinetuneOptions, *, precision: str, compiled: bool
) -> Network:
    """Return the network that a loss trains, from a backbone and the weights of a head.

    A loss that boosts class activation maps has its head in the backbone: what is left of it is not trained.

    Raises
    ------
    InputError
        When the loss wants maps, and the backbone has none.
    """
    boost = loss.own.get("boost", 1)
    if boost > 1:
        built, head = with_boost(built, head, boost)
    network = Network(
        built,
        head,
        dropout=options.dropout,
        freeze_batch_norm=options.freeze_batch_norm,
        precision=precision,
        compiled=compiled,
        maps=loss.needs_maps,
    )
    network.head.requires_grad_(boost == 1)
    return network


def _require_preprocessing(path: str, found: str, built: Built) -> None:
    """Raise InputError unless pictures are prepared as the backbone wants them."""
    wanted = built.preprocessing.text()
    if found != wanted:
        raise InputError(
            f"{path}: found pictures prepared by {found}, wanted {wanted}; delete the file, then run again: rule "
            "decode_pictures makes it again"
        )
