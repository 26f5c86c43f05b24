"""What rules/review.smk and rules/model.smk depend on: gallery, exports, the model that labels new images."""

import os
import sys
from dataclasses import dataclass
from typing import Any

from plan import labels, paths, tracking, training
from plan.experiment import Experiment, as_list, format_reference, parse_reference, tau_of, variants_of
from plan.sections import Student, Teacher
from spml.review.exports import FORMATS


def gallery_options(experiment: Experiment, pseudo_labels: str) -> dict[str, Any]:
    """Return the variants of pseudo-labels in words, and their teachers."""
    entry = labels.entry(experiment, pseudo_labels)
    variants = variants_of(entry)
    return {
        "teacher": ", ".join(format_reference(reference) for reference in as_list(entry.teacher)),
        "variants": [f"τ {tau_of(variant)}" if tau_of(variant) else entry.rule for variant in variants],
    }


def shown_gallery(experiment: Experiment) -> str:
    """Return the page that the target gallery makes: the pseudo-labels of figure 1b, of the first replicate."""
    return paths.gallery(experiment.dataset, experiment.shown_pseudo_labels, min(experiment.seeds))


def shown_exports(experiment: Experiment) -> list[str]:
    """Return what the target exports makes: every variant of these pseudo-labels in every format."""
    name, seed = experiment.shown_pseudo_labels, min(experiment.seeds)
    return [
        paths.export(experiment.dataset, name, seed, variant, form)
        for variant in variants_of(experiment.pseudo_labels[name])
        for form in FORMATS
    ]


# -- the model that labels new images


@dataclass(frozen=True)
class Candidates:
    """The models of which validation chooses one: variants of a student in one replicate, or a single model."""

    kind: str
    name: str
    variants: list[str]
    seed: int
    entry: Teacher | Student


def candidates(experiment: Experiment) -> Candidates:
    """Return the models of which validation chooses one."""
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
    """Return the candidates as plain rows, and what they see pictures through."""
    chosen = candidates(experiment)
    return {
        "backbone": training.extraction(experiment, experiment.backbone(chosen.entry)),
        "candidates": [{"kind": chosen.kind, "name": chosen.name, "variant": variant} for variant in chosen.variants],
        "seed": chosen.seed,
    }


def _candidate_folders(experiment: Experiment) -> list[str]:
    chosen = candidates(experiment)
    return [paths.model(chosen.name, variant, chosen.seed) for variant in chosen.variants]


def candidate_checkpoints(experiment: Experiment) -> list[str]:
    """Return the checkpoint of each candidate, in order."""
    return [paths.checkpoint(experiment.dataset, folder) for folder in _candidate_folders(experiment)]


def candidate_val_logits(experiment: Experiment) -> list[str]:
    """Return the validation logits of each candidate, in order."""
    return [paths.logits(experiment.dataset, folder, "val") for folder in _candidate_folders(experiment)]


def candidate_test_logits(experiment: Experiment) -> list[str]:
    """Return the test logits of each candidate, in order."""
    return [paths.logits(experiment.dataset, folder, "test") for folder in _candidate_folders(experiment)]


def candidate_map(experiment: Experiment) -> str | list[str]:
    """Return the table that tells which candidate validation chose, where there are several."""
    return paths.table("map", experiment.dataset) if len(candidates(experiment).variants) > 1 else []


def candidate_observed(experiment: Experiment) -> str | list[str]:
    """Return the observed labels of the replicate, where thresholds are chosen on them."""
    return training.selection_observed(experiment, str(candidates(experiment).seed))


def candidate_weights(experiment: Experiment) -> str:
    """Return the weights of the candidates' backbone."""
    return training.backbone_weights(experiment, experiment.backbone(candidates(experiment).entry))


def card(experiment: Experiment) -> dict[str, Any]:
    """Return how the candidates are trained and what from, for the model's card."""
    chosen = candidates(experiment)
    names = {"labels": experiment.display_names}
    if isinstance(chosen.entry, Teacher):
        return names | {"training": training.teacher_options(experiment, chosen.name)}
    name = chosen.entry.pseudo_labels
    return names | {
        "training": training.student_options(experiment, chosen.name),
        "pseudo_labels": {variant: labels.rule_options(experiment, name, variant) for variant in chosen.variants},
    }


# -- new images


def new_images(experiment: Experiment) -> str:
    """Return the folder or list of new images; end with one line where there is none."""
    path = experiment.predict.images
    wanted = "wanted a folder of pictures, or a text file with a path on each line"
    if path is None:
        sys.exit(f"Error: predict.images: found nothing, {wanted}")
    if not os.path.exists(path):
        sys.exit(f"Error: predict.images: found {path!r}, which is not there; {wanted}")
    return path


def new_images_list(experiment: Experiment) -> str | list[str]:
    """Return the list of new images, if it is one."""
    path = new_images(experiment)
    return path if os.path.isfile(path) else []


def fingerprint_new_images(experiment: Experiment) -> str:
    """Return the state of the new images: another one where a picture is added or replaced."""
    path = new_images(experiment)
    if os.path.isfile(path):
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return tracking.fingerprint(os.path.join(os.path.dirname(path), line.strip()) for line in file)
    return tracking.fingerprint(tracking.files_in(path))
