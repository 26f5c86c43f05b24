"""Checks of the losses of models: one line per mistake."""

from collections.abc import Iterator
from typing import Any

from plan.experiment import Experiment, text_of
from spml.finetuning.named import AUGMENTATIONS
from spml.losses.catalog import LOSSES
from spml.losses.registry import is_all_warmup


def losses(experiment: Experiment) -> Iterator[str]:
    """Yield losses that lack the labels, the network, the hyperparameter or the epochs that they need."""
    observation = experiment.observation
    only_positives = observation.file is None and not observation.negatives_per_image
    for kind, name, entry in _models(experiment):
        if experiment.training_options(entry)["head"] == "ridge" and entry.loss.name != "squares":
            yield (
                f"{kind}.{name}.loss: found {entry.loss.name!r}, wanted squares, the loss that head ridge has in closed form"
            )
        yield from _score_maps(experiment, f"{kind}.{name}", entry)
    for key, loss, trained_on, epochs in _trainings(experiment):
        full = trained_on != "observed"
        needs = LOSSES[loss["name"]].needs
        if needs == "complete labels" and not full:
            yield (
                f"{key}: {loss['name']} wants every label; wanted supervision: full beside it, or a loss for observed "
                "labels, as an"
            )
        if needs == "observed and pseudo-labels" and trained_on != "pseudo_labels":
            wanted = "train_on: pseudo_labels" if key.startswith("students") else "it in a student, or em"
            yield f"{key}: {loss['name']} learns from observed labels and pseudo-labels of the training rows; wanted {wanted}"
        if loss.get("lowest", 0) > loss.get("highest", 1):
            yield f"{key}.lowest: found {loss['lowest']}, wanted at most the highest weight, {loss['highest']}"
        needs_negatives = needs == "observed negatives" or loss.get("assumed") == 0
        if needs_negatives and not full and only_positives:
            yield (
                f"{key}: {loss['name']} learns from one positive and no negative that everything is present; wanted "
                "observation.negatives_per_image, pseudo-labels or supervision: full"
            )
        if epochs and is_all_warmup(loss, epochs):
            yield f"{key}: found warmup {loss['warmup']}, wanted fewer than the {epochs} epochs"


def expected_positives(experiment: Experiment) -> dict[str, float]:
    """Return the positives per image that losses expect, where the configuration names them, by key."""
    named = ((key, loss.get("k")) for key, loss, _, _ in _trainings(experiment))
    return {f"{key}.k": k for key, k in named if k is not None}


def _score_maps(experiment: Experiment, key: str, entry: Any) -> Iterator[str]:
    """Yield losses of a model that need score maps, where its backbone is frozen or its head is no linear one."""
    options, stages = experiment.training_options(entry), getattr(entry, "stages", None) or []
    for loss in [experiment.loss(part) for part in [entry, *stages] if part.loss]:
        boost = loss.get("boost", 1)
        if LOSSES[loss["name"]].needs != "score maps" and boost == 1:
            continue
        found = f"{key}.loss: found {loss['name']}" + (f" with boost {boost}" if boost != 1 else "")
        if experiment.mode(entry) == "frozen":
            wanted = "mode: end_to_end or linear_init beside it" + (", or boost: 1" if boost != 1 else "")
            yield f"{found}, wanted {wanted}: frozen features have no score maps"
        elif options["head"] != "linear":
            yield f"{found} and head {options['head']}, wanted head: linear: the score of a cell is that of a linear head"
        elif boost == 1:
            for name in options["augment"]:
                if not AUGMENTATIONS[name].in_view:
                    yield (
                        f"{key}.augment: found {name} with {loss['name']}, wanted it left out: nothing tells where the cells of "
                        "such a picture lie in the image"
                    )


def _trainings(experiment: Experiment) -> Iterator[tuple[str, dict[str, Any], str, int | None]]:
    """Yield key, loss, labels (observed, full, pseudo_labels or pool) and epochs (of ridge: None) of each model, or stage."""
    for kind, name, entry in _models(experiment):
        key, labels = f"{kind}.{name}", "pseudo_labels" if kind == "students" else entry.supervision
        epochs: int | None = experiment.training_options(entry).get("epochs")
        if kind == "students" and entry.stages:
            for number, own in enumerate(experiment.stages(entry)):
                loss = own.get("loss") or experiment.loss(entry)
                yield f"{key}.stages.{number}.loss", loss, own["train_on"], own.get("epochs", epochs)
        else:
            yield f"{key}.loss", experiment.loss(entry), labels, epochs


def _models(experiment: Experiment) -> Iterator[tuple[str, str, Any]]:
    """Yield kind, name and entry of every teacher and student that is trained."""
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        for name, entry in entries.items():
            if not text_of(entry):
                yield kind, name, entry
