"""Inputs and params of rules/finetuning.smk: models whose backbone is trained, a job for each candidate."""

import sys
from collections.abc import Iterator
from typing import Any

from plan import backbones, features, paths, rows, tracking, training, training_paths
from plan.errors import unknown
from plan.experiment import Experiment, plain
from plan.merging import unused
from plan.presets import PRESETS
from plan.recipe import Training
from plan.sections import Teacher
from spml.features.named import MODULES

FIRST_HEAD = "cole_linear"  # the preset of a head that is trained before the backbone is


def trained_names(experiment: Experiment) -> list[str]:
    """Return kind/name of the teachers and students whose backbone is trained."""
    entries = {"teachers": experiment.teachers, "students": experiment.students}
    return [
        f"{kind}/{name}"
        for kind, named_entries in entries.items()
        for name, entry in named_entries.items()
        if experiment.is_trained(entry)
    ]


def trained_models(experiment: Experiment) -> list[str]:
    """Return the folders of the models whose backbone is trained, in the order of rows.models()."""
    return [model for model in rows.model_folders(experiment) if backbones.of_model(experiment, model) == model]


def candidates(experiment: Experiment, model: str) -> dict[str, dict[str, Any]]:
    """Return batch size and learning rate of each candidate of a model, by the name of its folder, in order of the grid."""
    options = experiment.training_options(experiment.entry_of(model))
    return {
        f"bs{batch_size}_lr{rate:g}": plain({"batch_size": batch_size, "learning_rate": rate})
        for batch_size in options["batch_sizes"]
        for rate in options["learning_rates"]
    }


def candidate_options(experiment: Experiment, model: str, candidate: str) -> dict[str, Any]:
    """Return the options of train_candidate: training without its grid, the candidate, and what the network is.

    Another value in the grid adds or removes a candidate, and trains no other one anew.
    """
    found = candidates(experiment, model)
    for line in unknown("candidate of a requested file", candidate, list(found)):
        sys.exit(f"Error: {line}")
    entry = experiment.entry_of(model)
    options = experiment.training_options(entry)
    own = {key: value for key, value in options.items() if key not in ("batch_sizes", "learning_rates", "linear_init")}
    supervision = {"supervision": entry.supervision} if isinstance(entry, Teacher) else {}
    network = {"network": picture_options(experiment, backbones.start(experiment, model))}
    precision = {"precision": backbones.network(experiment, backbones.start(experiment, model)).precision}
    return plain(own | supervision | network | precision | {"candidate": found[candidate]})


def picture_options(experiment: Experiment, backbone: str) -> dict[str, Any]:
    """Return the options of decode_pictures: what tells the network and what it wants of pictures."""
    options = features.extraction(experiment, backbone)
    return {key: value for key, value in options.items() if key not in ("precision", "storage", "keep_crops")}


def network_size(experiment: Experiment, model: str) -> dict[str, int]:
    """Return what the time of training a backbone depends on, beside the weights: as of its features, and the epochs."""
    epochs = experiment.training_options(experiment.entry_of(model))["epochs"]
    return features.network_size(experiment, backbones.start(experiment, model)) | {"epochs": epochs}


def pictures_of(experiment: Experiment, model: str) -> str:
    """Return the name of the backbone that the pictures of a model are decoded for."""
    return backbones.name_of(experiment, model)


def candidate_code(experiment: Experiment, model: str, rule: str) -> list[str]:
    """Return the code of a rule that trains the backbone of a model: its script, and the module of the one library."""
    return tracking.code(rule, MODULES[backbones.network(experiment, model).library])


def weights(experiment: Experiment, model: str) -> str:
    """Return the pretrained weights of the network of a model."""
    return features.backbone_weights(experiment, backbones.start(experiment, model))


def trained_start(experiment: Experiment, model: str) -> str | list[str]:
    """Return the checkpoint whose backbone a model begins with, where that was trained with another model."""
    return backbones.trained_checkpoint(experiment, backbones.start(experiment, model))


def observed(experiment: Experiment, model: str) -> str | list[str]:
    """Return the observed labels that a model learns from, or is selected on."""
    kind, name, seed = paths.model_parts(model)
    return (training.teacher_observed if kind == "teachers" else training.student_observed)(experiment, name, seed)


def pseudo_labels(experiment: Experiment, model: str) -> str | list[str]:
    """Return the pseudo-labels that a model learns from, where it is a student."""
    kind, name, seed = paths.model_parts(model)
    return [] if kind == "teachers" else training.student_labels(experiment, name, seed, model.split("/")[-1])


def priors(experiment: Experiment, model: str) -> str | list[str]:
    """Return the class priors, where the loss of a model expects as many positives per image as they sum to."""
    seed = paths.model_parts(model)[2]
    needed = experiment.expects_positives(experiment.entry_of(model))
    return paths.priors(experiment.dataset, seed) if needed else []


def first_head(experiment: Experiment, model: str) -> str | list[str]:
    """Return the head that a model begins with, where it was trained on frozen features before."""
    is_first = experiment.mode(experiment.entry_of(model)) == "linear_init"
    return training_paths.first_head(experiment.dataset, model) if is_first else []


def candidate_checkpoints(experiment: Experiment, model: str) -> list[str]:
    """Return the checkpoint of each candidate of a model, in the order of the grid."""
    return [training_paths.candidate(experiment.dataset, model, name) for name in candidates(experiment, model)]


def candidate_histories(experiment: Experiment, model: str) -> list[str]:
    """Return the training history of each candidate of a model, in the order of the grid."""
    return [training_paths.candidate_history(experiment.dataset, model, name) for name in candidates(experiment, model)]


# -- the head that is trained first, on frozen features


def first_options(experiment: Experiment, kind: str, name: str) -> dict[str, Any]:
    """Return the options of initialize_teacher and initialize_student, as train_teacher and train_student have them."""
    entry = experiment.model_entry(kind, name)
    options = experiment.training_options(entry)
    head = {key: options[key] for key in ("head", "hidden", "dropout", "loss", "select_on") if key in options}
    if "boost" in options["loss"]:  # of score maps, which frozen features do not have
        head["loss"] = options["loss"] | {"boost": 1}
    section = {key: value for key, value in Training() if key not in ("preset", "mode")}
    own = options["linear_init"] or {}
    chosen = {
        **section,
        **PRESETS[FIRST_HEAD].values,
        **{key: value for key, value in own.items() if value is not None},
    }
    for key in unused(chosen | {"head": head["head"]}):
        chosen.pop(key, None)
    supervision = {"supervision": entry.supervision} if isinstance(entry, Teacher) else {}
    return plain(chosen | head | supervision | {"keep_loss_parameters": True})


def first_teacher_options(experiment: Experiment, teacher: str) -> dict[str, Any]:
    """Return the options of initialize_teacher."""
    return first_options(experiment, "teachers", teacher)


def first_student_options(experiment: Experiment, student: str) -> dict[str, Any]:
    """Return the options of initialize_student."""
    return first_options(experiment, "students", student)


def first_teacher_features(experiment: Experiment, teacher: str, seed: str) -> str:
    """Return the frozen features that the first head of a teacher learns from."""
    return _first_features(experiment, paths.model(teacher, "", seed))


def first_student_features(experiment: Experiment, student: str, seed: str, variant: str) -> str:
    """Return the frozen features that the first head of a student learns from."""
    return _first_features(experiment, paths.model(student, variant, seed))


def _first_features(experiment: Experiment, model: str) -> str:
    return paths.features(experiment.dataset, backbones.start(experiment, model), "train")


# -- records


def planned(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return the options of the jobs of these rules, as plan.reporting.planned."""
    models = trained_models(experiment)
    jobs: dict[str, dict[str, Any]] = {
        "decode_pictures": {
            f"{name}/train": picture_options(experiment, name) for name in _decoded(experiment, models)
        },
        "train_candidate": {
            f"{name}/{model}": candidate_options(experiment, model, name)
            for model in models
            for name in candidates(experiment, model)
        },
    }
    for model, kind, name in _first_heads(experiment):
        rule = "initialize_teacher" if kind == "teachers" else "initialize_student"
        key = name if kind == "teachers" else f"{name}/{model.split('/')[-1]}"
        jobs.setdefault(rule, {})[key] = first_options(experiment, kind, name)
    return jobs


def jobs(experiment: Experiment) -> dict[str, list[tuple[str, ...]]]:
    """Return the wildcards of the jobs of these rules, by rule, as plan.benchmarks names files; * in place of a shard."""
    models = trained_models(experiment)
    if not models:
        return {}
    found: dict[str, list[tuple[str, ...]]] = {
        "decode_pictures": [(name, "train", "*") for name in _decoded(experiment, models)],
        "train_candidate": [(model, name) for model in models for name in candidates(experiment, model)],
        "choose_candidate": [(model,) for model in models],
    }
    for model, kind, _ in _first_heads(experiment):
        found.setdefault("initialize_teacher" if kind == "teachers" else "initialize_student", []).append(
            tuple(model.split("/")[1:])
        )
    return found


def _decoded(experiment: Experiment, models: list[str]) -> list[str]:
    """Return the backbones that pictures are decoded for, by name."""
    return sorted({pictures_of(experiment, model) for model in models})


def _first_heads(experiment: Experiment) -> Iterator[tuple[str, str, str]]:
    """Yield folder, kind and name of each model whose head is trained first."""
    for model in trained_models(experiment):
        kind, name, _ = paths.model_parts(model)
        if experiment.mode(experiment.entry_of(model)) == "linear_init":
            yield model, kind, name
