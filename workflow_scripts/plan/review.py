"""Inputs and params of rules/review.smk: gallery, exports, questions, answers and their simulation."""

import sys
from typing import Any

from plan import features, labels, own, paths, shown, training
from plan.experiment import (
    Experiment,
    as_list,
    parse_reference,
    plain,
    target_of,
    tau_of,
    variants_of,
)
from spml.review.exports import FORMATS
from spml.review.queue import STRATEGIES


def gallery_options(experiment: Experiment, pseudo_labels: str) -> dict[str, Any]:
    """Return the options of make_gallery: the variants in words, their teachers, and the student that tells the chosen one."""
    entry = labels.entry(experiment, pseudo_labels)
    variants = variants_of(entry)
    rule = (
        ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in target_of(entry).items()) or f"Rule {entry.rule}"
    )
    return {
        "student": _student(experiment, pseudo_labels),
        "teacher": ", ".join(shown.name(experiment, reference) for reference in as_list(entry.teacher)),
        "variants": {variant: f"τ {tau_of(variant)}" if tau_of(variant) else rule for variant in variants},
    }


def gallery_map(experiment: Experiment, pseudo_labels: str) -> str | list[str]:
    """Return the table that tells which variant validation chose, where there are several and a student follows them."""
    several = len(variants_of(labels.entry(experiment, pseudo_labels))) > 1
    return paths.table("map", experiment.dataset) if several and _student(experiment, pseudo_labels) else []


def _student(experiment: Experiment, pseudo_labels: str) -> str:
    """Return a student of these pseudo-labels, that of the figures if it is one; empty where none learns from them."""
    students = sorted(name for name, entry in experiment.students.items() if entry.pseudo_labels == pseudo_labels)
    first = experiment.figures.students
    return first if first in students else next(iter(students), "")


def shown_gallery(experiment: Experiment) -> str:
    """Return the page of the target ``gallery``: all variants of the pseudo-labels that a review asks about."""
    name, _, seed = asked(experiment)
    return paths.gallery(experiment.dataset, name, seed)


def shown_exports(experiment: Experiment) -> list[str]:
    """Return the folders of the target ``exports``: every variant of the same pseudo-labels in every format."""
    name, _, seed = asked(experiment)
    return [
        paths.export(experiment.dataset, name, seed, variant, file_format)
        for variant in variants_of(experiment.pseudo_labels[name])
        for file_format in FORMATS
    ]


def asked(experiment: Experiment) -> tuple[str, str, int]:
    """Return name, variant and replicate of the pseudo-labels that a review asks about."""
    name, variant = parse_reference(experiment.review.pseudo_labels or experiment.shown_pseudo_labels)
    variants = variants_of(experiment.pseudo_labels[name])
    seed = min(experiment.seeds) if experiment.review.seed is None else experiment.review.seed
    return name, variant or variants[len(variants) // 2], seed


def asked_pseudo_labels(experiment: Experiment) -> str:
    """Return the pseudo-labels that a review asks about."""
    name, variant, seed = asked(experiment)
    return paths.pseudo_labels(experiment.dataset, name, seed, variant)


def asked_logits(experiment: Experiment) -> list[str]:
    """Return the logits of the teachers of these pseudo-labels."""
    name, _, seed = asked(experiment)
    return labels.teacher_logits(experiment, name, str(seed))


def asked_observed(experiment: Experiment) -> str:
    """Return the observed labels of the same replicate."""
    return paths.observed(experiment.dataset, asked(experiment)[2])


def queue_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of make_queue."""
    options = experiment.review
    return {"questions": options.questions, "seed": asked(experiment)[2], "strategy": options.strategy}


def page_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of make_review_page: what a person does with the answers that the page has saved."""
    if own.ANSWERS in experiment.review.answers:
        return {"next": "Now, in the folder of the pipeline: make own ANSWERS= and the path of this file"}
    return {"next": "Now name this file in review.answers, and run: snakemake --cores all all review"}


def answer_files(experiment: Experiment) -> list[str]:
    """Return the user's files of answers."""
    return experiment.answer_files


def unknown_answers(experiment: Experiment) -> str:
    """Return what is done with answers about pictures or categories that are not there."""
    return experiment.review.unknown_answers


# -- answers that are played from the true labels


def simulated_teacher(experiment: Experiment) -> str:
    """Return the teacher that learns from simulated answers; end with one line where there is none."""
    options = experiment.review
    if options.simulated_teacher:
        return options.simulated_teacher
    references = as_list(experiment.pseudo_labels[asked(experiment)[0]].teacher)
    teachers = [reference for reference in references if reference in experiment.teachers]
    if not teachers:
        sys.exit(
            f"Error: review.simulated_teacher: found null and no teacher among {', '.join(references)}; wanted a teacher's name"
        )
    return teachers[0]


def simulation_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of play_answers: those of the teacher, and the numbers of answers."""
    name = simulated_teacher(experiment)
    entry = experiment.teachers[name]
    if not experiment.source.has_true_labels or experiment.expects_positives(entry) or entry.supervision == "full":
        sys.exit(
            f"Error: simulate_review: found teacher {name} and source {experiment.entry.source}; wanted a source with true labels "
            "and a teacher of observed labels whose loss needs no priors"
        )
    own = {"answers_per_image": experiment.review.simulated_answers, "teacher": name}
    return plain(training.teacher_options(experiment, name) | own)


def simulation_features(experiment: Experiment, part: str) -> str:
    """Return what the teacher of a simulation takes of a part: features, or kernel values in their place."""
    return features.head_input(experiment, experiment.teachers[simulated_teacher(experiment)], part)


def simulation_decomposition(experiment: Experiment) -> str | list[str]:
    """Return the eigenvectors that the teacher of a simulation follows from, where it is a ridge regression."""
    return features.decomposition(experiment, experiment.teachers[simulated_teacher(experiment)])


def simulation_landmarks(experiment: Experiment) -> str | list[str]:
    """Return the landmarks of the teacher of a simulation, where it has a kernel."""
    return features.landmarks(experiment, experiment.teachers[simulated_teacher(experiment)])


def all_simulations(experiment: Experiment) -> list[str]:
    """Return the table of every strategy in every replicate."""
    return [
        paths.simulation(experiment.dataset, strategy, seed) for strategy in STRATEGIES for seed in experiment.seeds
    ]


def shown_simulation(experiment: Experiment) -> list[str]:
    """Return the files of the target ``simulate_review``."""
    return [
        paths.table("simulation", experiment.dataset),
        *(paths.figure("simulation", experiment.dataset, ending) for ending in ("svg", "png")),
    ]
