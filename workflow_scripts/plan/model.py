"""Inputs and params of rules/model.smk: the model that labels new images, and these images."""

import os
import sys
from dataclasses import dataclass
from typing import Any

from plan import backbones, features, labels, paths, pictures, shown, tars, tracking, training
from plan.experiment import Experiment, parse_reference
from plan.sections import Student, Teacher


@dataclass(frozen=True)
class Candidates:
    """The models that validation chooses from: variants of a student in one replicate, or a single model."""

    kind: str
    name: str
    variants: list[str]
    seed: int
    entry: Teacher | Student


def candidates(experiment: Experiment) -> Candidates:
    """Return the models that validation chooses from."""
    options = experiment.predict
    if options.model:
        name, variant = parse_reference(options.model)
        kind, variants = ("students" if variant else "teachers"), [variant]
    else:
        kind, name = "students", experiment.figures.students
        variants = experiment.variants(name)
    seed = min(experiment.seeds) if options.seed is None else options.seed
    return Candidates(kind, name, variants, seed, experiment.model_entry(kind, name))


def candidate_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of choose_model: the candidates as plain rows, their seed and their backbone."""
    chosen = candidates(experiment)
    _require_pictures(experiment)
    return {
        "backbone": features.extraction(experiment, _backbone(experiment)),
        "candidates": [{"kind": chosen.kind, "name": chosen.name, "variant": variant} for variant in chosen.variants],
        "seed": chosen.seed,
    }


def _require_pictures(experiment: Experiment) -> None:
    """End with one line where the candidates cannot label pictures."""
    what = "the model for other pictures"
    pictures.require(experiment, what)
    pictures.require_network(experiment, _backbone(experiment), what)


def _candidate_folders(experiment: Experiment) -> list[str]:
    chosen = candidates(experiment)
    return [experiment.folder(chosen.name, variant, chosen.seed) for variant in chosen.variants]


def candidate_checkpoints(experiment: Experiment) -> list[str]:
    """Return the checkpoint of each candidate, in order."""
    return [paths.checkpoint(experiment.dataset, folder) for folder in _candidate_folders(experiment)]


def candidate_metrics(experiment: Experiment) -> list[str]:
    """Return the metrics of each candidate, with the thresholds that they are measured at, in order."""
    return [paths.metrics(experiment.dataset, folder) for folder in _candidate_folders(experiment)]


def _backbone(experiment: Experiment) -> str:
    """Return the backbone of the first candidate; those of the others are other weights of the same network at most."""
    return backbones.of_model(experiment, _candidate_folders(experiment)[0])


def candidate_trained(experiment: Experiment) -> list[str]:
    """Return the checkpoints that hold the backbone of each candidate, in order; nothing where it was not trained."""
    found = (backbones.of_model(experiment, folder) for folder in _candidate_folders(experiment))
    return [paths.checkpoint(experiment.dataset, backbone) for backbone in found if backbones.is_model(backbone)]


def candidate_features(experiment: Experiment) -> str:
    """Return the features of the training part that the candidates learn from; they tell what the backbone wants of pictures."""
    return paths.features(experiment.dataset, _backbone(experiment), "train")


def candidate_test_logits(experiment: Experiment) -> list[str]:
    """Return the test logits of each candidate, in order."""
    return [paths.logits(experiment.dataset, folder, "test") for folder in _candidate_folders(experiment)]


def candidate_map(experiment: Experiment) -> str | list[str]:
    """Return the table that tells which candidate validation chose, where there are several."""
    return paths.table("map", experiment.compared) if len(candidates(experiment).variants) > 1 else []


def candidate_code(experiment: Experiment, rule: str) -> list[str]:
    """Return the code of a rule that loads the candidates' backbone."""
    return features.backbone_code(experiment, _backbone(experiment), rule)


def candidate_weights(experiment: Experiment) -> str:
    """Return the weights of the candidates' backbone; end with one line where it has none that look at pictures."""
    _require_pictures(experiment)
    return features.backbone_weights(experiment, _backbone(experiment))


def network_size(experiment: Experiment) -> dict[str, int]:
    """Return what the time of a picture depends on, beside the weights of the candidates' backbone."""
    return features.network_size(experiment, _backbone(experiment))


def card(experiment: Experiment) -> dict[str, Any]:
    """Return the options of write_model_card: how the candidates are trained, and their pseudo-labels."""
    chosen = candidates(experiment)
    names = {"labels": experiment.display_names}
    if isinstance(chosen.entry, Teacher):
        options = training.teacher_options(experiment, chosen.name)
        if chosen.entry.text:
            options["prompts"] = chosen.entry.text.prompts
        return names | {"training": options}
    name = chosen.entry.pseudo_labels
    return names | {
        "training": training.student_options(experiment, chosen.name),
        "pseudo_labels": {variant: labels.rule_options(experiment, name, variant) for variant in chosen.variants},
    }


def new_images(experiment: Experiment) -> str:
    """Return the folder or list of new images; end with one line where there is none."""
    pictures.require(experiment, "predict")
    path = experiment.predict.images and experiment.located(experiment.predict.images)
    wanted = "wanted a folder of pictures, or a text file with a path on each line"
    if path is None:
        sys.exit(f"Error: predict.images: found nothing, {wanted}")
    if not os.path.exists(path) and not tars.are_tars(path):
        sys.exit(f"Error: predict.images: found {path!r}, which is not there; {wanted}")
    return path


def new_images_list(experiment: Experiment) -> str | list[str]:
    """Return the list of new images, if it is one."""
    path = new_images(experiment)
    return path if os.path.isfile(path) and not tars.are_tars(path) else []


def display_names(experiment: Experiment) -> dict[str, str]:
    """Return the names that the page of predictions shows models by, by kind/name."""
    return shown.names(experiment)


def fingerprint_new_images(experiment: Experiment) -> str:
    """Return a fingerprint of the new images; it changes where a picture is added or replaced. Tars are inputs instead."""
    if tars.are_tars(new_images(experiment)):
        return ""
    return tracking.fingerprint(tracking.pictures_in(new_images(experiment)))
