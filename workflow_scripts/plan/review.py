"""Inputs and params of rules/review.smk: gallery, exports, questions, answers and their simulation."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from plan import backbones, features, labels, own, paths, pictures, shown, tars, training
from plan.experiment import Experiment, as_list, parse_reference, plain, target_of, tau_of, variants_of
from plan.sections import Student
from spml.review.exports import FORMATS
from spml.review.queue import STRATEGIES

SIMULATED_RULES = ("soft", "threshold")  # of the student that learns from simulated answers


def gallery_options(experiment: Experiment, pseudo_labels: str) -> dict[str, Any]:
    """Return the options of make_gallery: the variants in words, their teachers, and the student that tells the chosen one."""
    entry = labels.entry(experiment, pseudo_labels)
    variants = variants_of(entry)
    target = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in target_of(entry).items())
    rule = target or ("A probability of at least 0.5" if entry.rule == "soft" else f"Rule {entry.rule}")
    return {
        "part": entry.split,
        "student": _student(experiment, pseudo_labels),
        "teacher": ", ".join(shown.name(experiment, reference) for reference in as_list(entry.teacher)),
        "variants": {variant: f"τ {tau_of(variant)}" if tau_of(variant) else rule for variant in variants},
    }


def gallery_thumbnails(experiment: Experiment, pseudo_labels: str) -> str:
    """Return the small pictures of the part that pseudo-labels are made for; end with one line where there are none."""
    pictures.require(experiment, "gallery")
    return paths.thumbnails(experiment.dataset, labels.entry(experiment, pseudo_labels).split)


def gallery_map(experiment: Experiment, pseudo_labels: str) -> str | list[str]:
    """Return the table that tells which variant validation chose, where there are several and a student follows them."""
    several = len(variants_of(labels.entry(experiment, pseudo_labels))) > 1
    return paths.table("map", experiment.compared) if several and _student(experiment, pseudo_labels) else []


def _student(experiment: Experiment, pseudo_labels: str) -> str:
    """Return a student of these pseudo-labels, that of the figures if it is one; empty where none learns from them."""
    students = sorted(name for name, entry in experiment.students.items() if entry.pseudo_labels == pseudo_labels)
    first = experiment.figures.students
    return first if first in students else next(iter(students), "")


def shown_gallery(experiment: Experiment) -> str:
    """Return the page of the target ``gallery``: all variants of the pseudo-labels that a review asks about."""
    name, _, seed = asked(experiment)
    return paths.gallery(experiment.dataset, name, seed)


def pool_galleries(experiment: Experiment) -> list[str]:
    """Return the further pages of the target ``gallery``: the pseudo-labels of the pool that students learn from."""
    seed = asked(experiment)[2]
    return [paths.gallery(experiment.dataset, name, seed) for name in _of_pool(experiment)]


def shown_exports(experiment: Experiment) -> list[str]:
    """Return the folders of the target ``exports``: every variant of the pseudo-labels of the gallery in every format, and features.

    Without pictures, or with pictures in tars, there are no formats that need them, or files of them.
    """
    name, _, seed = asked(experiment)
    labelled = [
        paths.export(experiment.dataset, name, seed, variant, form.name)
        for name in (name, *_of_pool(experiment))
        for variant in variants_of(experiment.pseudo_labels[name])
        for form in FORMATS.values()
        if _can_export(experiment, name, form.needs)
    ]
    found = backbones.extracted(experiment)
    parts = [(backbone, part) for backbone in found for part in experiment.parts if part != "pool"]
    parts += [(backbone, "pool") for backbone in backbones.of_pool(experiment)]
    return labelled + [paths.feature_export(experiment.dataset, backbone, part) for backbone, part in parts]


def _can_export(experiment: Experiment, pseudo_labels: str, needs: str) -> bool:
    """Return whether the pictures that pseudo-labels are made for are what an export needs."""
    split = labels.entry(experiment, pseudo_labels).split
    return not needs or (experiment.source.has_pictures and not (needs == "files" and tars.of_part(experiment, split)))


def exported_tars(experiment: Experiment, pseudo_labels: str, format: str) -> list[str]:
    """Return the tars that an export of pseudo-labels reads pictures from."""
    split = labels.entry(experiment, pseudo_labels).split
    return tars.of_part(experiment, split) if FORMATS[format].needs == "pictures" else []


def asked_tars(experiment: Experiment) -> list[str]:
    """Return the tars with the pictures of the part that is asked about."""
    return tars.of_part(experiment, labels.entry(experiment, asked(experiment)[0]).split)


def exported_images(experiment: Experiment, pseudo_labels: str, format: str) -> str:
    """Return the manifest of an export of pseudo-labels; end with one line where its format shows pictures that are not there."""
    if FORMATS[format].needs:
        pictures.require(experiment, f"export {format}")
    if not _can_export(experiment, pseudo_labels, FORMATS[format].needs):
        sys.exit(
            f"Error: export {format} names a file for each picture, and the pictures of {experiment.dataset} lie in tars; "
            "wanted another format, as parquet, or a folder of pictures"
        )
    return labels.labelled_images(experiment, pseudo_labels)


def exported_labels(experiment: Experiment, part: str) -> str | list[str]:
    """Return the labels whose split an export of features names, of the training part."""
    return paths.labels(experiment.dataset, part) if part == "train" else []


def shown_review(experiment: Experiment) -> list[str]:
    """Return the files of the target ``review``: the questions, and the page that asks them, which shows pictures."""
    names = ["queue.csv"] + ["review.html"] * experiment.source.has_pictures
    return [paths.review(name, experiment.dataset) for name in names]


def questions(experiment: Experiment) -> str:
    """Return the questions that the page asks; end with one line where there are no pictures to ask about."""
    pictures.require(experiment, "review/review.html")
    return paths.review("queue.csv", experiment.dataset)


def _of_pool(experiment: Experiment) -> list[str]:
    """Return the names of the pseudo-labels of the pool that students learn from, but for those that a review asks about."""
    learnt = {student.pseudo_labels for student in experiment.students.values()} - {asked(experiment)[0]}
    return sorted(name for name in learnt if experiment.pseudo_labels[name].split == "pool")


def asked(experiment: Experiment) -> tuple[str, str, int]:
    """Return name, variant and replicate of the pseudo-labels that a review asks about."""
    name, variant = experiment.reviewed_pseudo_labels
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


def asked_labels(experiment: Experiment) -> str:
    """Return the true labels of the part that these pseudo-labels are made for."""
    return labels.labelled(experiment, asked(experiment)[0])


def asked_images(experiment: Experiment) -> str:
    """Return the manifest of the same part."""
    return labels.labelled_images(experiment, asked(experiment)[0])


def asked_observed(experiment: Experiment) -> str | list[str]:
    """Return the observed labels of the same part and replicate."""
    name, _, seed = asked(experiment)
    return labels.labelled_observed(experiment, name, str(seed))


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


def simulated_student(experiment: Experiment) -> str:
    """Return the student that learns from simulated answers: the one named, or that of predict.model, or that of the figures."""
    if experiment.review.simulated_student:
        return experiment.review.simulated_student
    name, variant = parse_reference(experiment.predict.model or "")
    return name if variant else experiment.figures.students


def simulation_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of play_answers: those of the student and its teachers, and the numbers of answers."""
    for line in _not_simulated(experiment):
        sys.exit(f"Error: simulate_review: {line}")
    student, labels_entry, teachers = _simulated(experiment)
    return plain(
        {
            "answers_per_image": experiment.review.simulated_answers,
            "rule": labels_entry.rule,
            "student": simulated_student(experiment),
            "student_options": experiment.training_options(student),
            "teachers": [[name, training.teacher_options(experiment, name)] for name in teachers],
        }
    )


def simulation_searches(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the options of all that a simulation trains: a student and its teachers for each number of answers."""
    student, labels_entry, teachers = _simulated(experiment)
    known = [experiment.teachers[name] for name in teachers if name in experiment.teachers]
    of_student = experiment.training_options(student) | {"soft_targets": labels_entry.rule == "soft"}
    of_teachers = [experiment.training_options(entry) for entry in known if not entry.text]
    return [of_student, *of_teachers] * len(experiment.review.simulated_answers)


def simulation_teachers(experiment: Experiment) -> int:
    """Return how many teachers a simulation trains for each number of answers."""
    return len(_simulated(experiment)[2])


def simulation_features(experiment: Experiment, seed: str, part: str) -> str:
    """Return what the models of a simulation take of a part: features, or kernel values in their place."""
    return _simulated_inputs(experiment, seed, lambda model: features.head_input(experiment, model, part))[0]


def simulation_decomposition(experiment: Experiment, seed: str) -> str | list[str]:
    """Return the eigenvectors that models of a simulation follow from, where one is a ridge regression."""
    found = _simulated_inputs(experiment, seed, lambda model: features.decomposition(experiment, model))
    return found[0] if found else []


def simulation_landmarks(experiment: Experiment, seed: str) -> str | list[str]:
    """Return the landmarks of the models of a simulation, where they have a kernel."""
    found = _simulated_inputs(experiment, seed, lambda model: features.landmarks(experiment, model))
    return found[0] if found else []


def _simulated(experiment: Experiment) -> tuple[Student, Any, list[str]]:
    """Return the student of a simulation, the entry of its pseudo-labels, and the references of its teachers."""
    student = experiment.students[simulated_student(experiment)]
    labels_entry = experiment.pseudo_labels[student.pseudo_labels]
    return student, labels_entry, as_list(labels_entry.teacher)


def _simulated_inputs(experiment: Experiment, seed: str, file: Callable[[str], str | list[str]]) -> list[str]:
    """Return the files, each once, that the models of a simulation take, by the folders where they would lie."""
    student, teachers = simulated_student(experiment), _simulated(experiment)[2]
    models = [experiment.folder(student, experiment.variants(student)[0], seed)]
    models += [experiment.folder(name, "", seed) for name in teachers if name in experiment.teachers]
    return list(dict.fromkeys(path for model in models for path in as_list(file(model))))


def _not_simulated(experiment: Experiment) -> Iterator[str]:
    """Yield what a simulation cannot do, a line each."""
    name, (student, labels_entry, teachers) = simulated_student(experiment), _simulated(experiment)
    if not experiment.source.has_true_labels:
        yield f"found source {experiment.entry.source}, wanted one with true labels, which answers are taken from"
    if labels_entry.rule not in SIMULATED_RULES or labels_entry.split != "train" or student.stages:
        yield (
            f"found student {name} of rule {labels_entry.rule}; wanted one of rule {' or '.join(SIMULATED_RULES)} on training "
            "rows, without stages"
        )
    for teacher in teachers:
        entry = experiment.teachers.get(teacher)
        if entry is None or entry.text or entry.supervision == "full":
            yield f"found student {name} of {teacher}, wanted one of teachers that learn from observed labels"
    models = [student, *(experiment.teachers[teacher] for teacher in teachers if teacher in experiment.teachers)]
    if any(experiment.expects_positives(entry) for entry in models):
        yield f"found student {name} with a loss that takes its k from priors; wanted a number for k"
    if any(experiment.is_trained(entry) for entry in models):
        yield f"found student {name} with a backbone that is trained, too; wanted mode: frozen for it and its teachers"
    seed = str(min(experiment.seeds))
    if len(_simulated_inputs(experiment, seed, lambda model: features.head_input(experiment, model, "train"))) > 1:
        yield f"found student {name} and teachers on several features; wanted one backbone, and one kernel"


def all_simulations(experiment: Experiment) -> list[str]:
    """Return the table of every strategy in every replicate."""
    return [
        paths.simulation(experiment.dataset, strategy, seed) for strategy in STRATEGIES for seed in experiment.seeds
    ]


def shown_simulation(experiment: Experiment) -> list[str]:
    """Return the files of the target ``simulate_review``."""
    return [
        paths.shared_table("simulation", experiment.dataset),
        *(paths.shared_figure("simulation", experiment.dataset, ending) for ending in ("svg", "png")),
    ]
