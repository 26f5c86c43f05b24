"""Inputs and params of rules/report.smk: figures, report, and the record of what results were made with."""

import os
from pathlib import Path
from typing import Any

from plan import (
    acquire,
    backbones,
    benchmarks,
    data,
    evaluation,
    features,
    finetuning,
    labels,
    matrices,
    paths,
    review,
    shown,
    tars,
    training,
)
from plan.experiment import Experiment, as_list, parse_reference, plain, target_of, variants_of

CAPTIONS = Path(__file__).resolve().parents[2] / "rules" / "captions"
SAMPLES = 6  # training pictures in the report

FIGURES = {  # name of a figure to its alternative text
    "figure_1a": "mAP of the students over the threshold τ, with the teachers as lines",
    "figure_1b": "Positives per training image over the threshold τ",
    "comparison": "Difference of every method to the reference, with intervals",
    "reliability": "Share present over predicted probability, by model",
    "label_quality": "Precision and recall of the pseudo-labels by category and τ, and confusions",
    "training": "Validation mAP and loss of every model over its epochs, a panel per method",
}

TABLES = ("map", "average_precision", "label_counts", "comparison", "label_quality", "confusions")  # of an experiment


def figures(compared: str) -> list[str]:
    """Return the figures of an experiment, as SVG and PNG; ``compared`` is its folder."""
    return [paths.figure(name, compared, ending) for name in FIGURES for ending in ("svg", "png")]


def crate(compared: str) -> str:
    """Return the RO-Crate of an experiment; ``compared`` is its folder."""
    return paths.beside(paths.provenance(compared), "ro-crate-metadata.json")


def shown_models(experiment: Experiment) -> dict[str, Any]:
    """Return the students and baselines that the figures show, and the names that they show them by."""
    names = {"labels": shown.names(experiment), "pseudo_labels": experiment.shown_pseudo_labels}
    return plain(experiment.figures) | names


def found_taus(experiment: Experiment) -> str | list[str]:
    """Return the table of the τ that a target found, where the figures show students of one."""
    entry = experiment.pseudo_labels[experiment.shown_pseudo_labels]
    return paths.table("label_counts", experiment.compared) if target_of(entry) else []


def names(experiment: Experiment) -> dict[str, Any]:
    """Return the names that the figure of training shows models by."""
    return {"labels": shown.names(experiment)}


def shown_pseudo_labels(experiment: Experiment) -> dict[str, Any]:
    """Return the pseudo-labels that figure 1b and label quality show, the students that follow them, and their name."""
    name = experiment.shown_pseudo_labels
    return {
        "label": shown.names(experiment).get(f"pseudo_labels/{name}", name),
        "pseudo_labels": name,
        "students": experiment.figures.students,
    }


def report(experiment: Experiment) -> dict[str, Any]:
    """Return the options of write_report: students, pseudo-labels, captions, and the benchmark files of the jobs."""
    pseudo_labels, seed, dataset = experiment.shown_pseudo_labels, min(experiment.seeds), experiment.dataset
    captions = {name: (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8") for name in FIGURES}
    return {
        "benchmarks": benchmarks.by_rule(experiment),
        "captions": {name: " ".join(text.replace("``", "").split()) for name, text in captions.items()},
        "model": _method(experiment.predict.model) if experiment.predict.model else [],
        "has_soft": any(entry.rule == "soft" for entry in experiment.pseudo_labels.values()),
        "gallery": _from_report(experiment, review.shown_gallery(experiment)),
        "has_pictures": experiment.source.has_pictures,
        "samples": 0 if not experiment.source.has_pictures or tars.are_elsewhere(experiment, "train") else SAMPLES,
        "model_card": _from_report(experiment, paths.chosen("README.md", dataset)),
        "baselines": experiment.figures.baselines,
        "labels": shown.names(experiment),
        "pseudo_labels": pseudo_labels,
        "sampled": sampled(experiment)[:2],
        "seed": seed,
        "select_on": experiment.validation.select_on,
        "shows": FIGURES,
        "students": experiment.figures.students,
        "teachers": [_method(reference) for reference in as_list(experiment.pseudo_labels[pseudo_labels].teacher)],
        "title": f"{dataset}, experiment {experiment.name}" if experiment.name else dataset,
        "variants": variants_of(experiment.pseudo_labels[pseudo_labels]),
    }


def _from_report(experiment: Experiment, path: str) -> str:
    """Return a path as the report links to it."""
    return os.path.relpath(path, os.path.dirname(paths.report(experiment.compared)))


def _method(reference: str) -> list[str]:
    """Return kind, name and variant of a model that is named by reference."""
    name, variant = parse_reference(reference)
    return ["students" if variant else "teachers", name, variant]


def sampled(experiment: Experiment) -> tuple[str, list[str], int]:
    """Return name, variants and replicate of the pseudo-labels that the sample pictures of the report show: those of the gallery.

    Where the gallery is of the pool, they are those of the figures. There are several variants where validation chooses
    among them.
    """
    name, variant, seed = review.asked(experiment)
    if experiment.pseudo_labels[name].split == "pool":
        name = experiment.shown_pseudo_labels
    chosen_later = name == experiment.shown_pseudo_labels
    return name, variants_of(experiment.pseudo_labels[name]) if chosen_later else [variant], seed


def sampled_pseudo_labels(experiment: Experiment) -> list[str]:
    """Return the files of these pseudo-labels."""
    name, variants, seed = sampled(experiment)
    return [paths.pseudo_labels(experiment.dataset, name, seed, variant) for variant in variants]


def sampled_logits(experiment: Experiment) -> list[str]:
    """Return the logits that these pseudo-labels are made from."""
    name, _, seed = sampled(experiment)
    return labels.teacher_logits(experiment, name, str(seed))


def sampled_observed(experiment: Experiment) -> str:
    """Return the observed labels of the same replicate."""
    return paths.observed(experiment.dataset, sampled(experiment)[2])


def sampled_tars(experiment: Experiment) -> list[str]:
    """Return the tars that the sample pictures of the report lie in; none of object storage: a job gets whole ones."""
    return [] if tars.are_elsewhere(experiment, "train") else tars.of_part(experiment, "train")


def all_features(experiment: Experiment) -> list[str]:
    """Return the features of each part through every backbone that is used for it."""
    pairs = [(backbone, part) for backbone in backbones.extracted(experiment) for part in ("train", "test")]
    pairs += [(backbone, "pool") for backbone in backbones.of_pool(experiment)]
    return [paths.features(experiment.dataset, backbone, part) for backbone, part in pairs]


def pool_labels(experiment: Experiment) -> str | list[str]:
    """Return the file that names the images of the pool, where a student learns from it."""
    return paths.labels(experiment.dataset, "pool") if experiment.uses_pool else []


def left_out(experiment: Experiment) -> list[str]:
    """Return the files that are left out of each part."""
    return [paths.left_out(experiment.dataset, part) for part in experiment.used_parts]


def record(experiment: Experiment) -> dict[str, Any]:
    """Return the configuration as the rules see it, defaults filled in."""
    table = labels.image_table(experiment)
    sections = {
        "dataset": experiment.dataset,
        "source": experiment.entry.source,
        "missing_pictures": experiment.entry.missing_pictures,
        "seeds": experiment.seeds,
        "validation": experiment.validation,
        "observation": ({"table": table} if table else {}) | labels.observation(experiment),
        "backbones": {
            name: experiment.config.backbones[name].model_dump(exclude_none=True) for name in experiment.backbones
        },
        "teachers": {
            name: (training.prompt_options(experiment, name) if name in experiment.text_teachers else {})
            | training.teacher_options(experiment, name)
            for name in experiment.teachers
        },
        "pseudo_labels": {
            name: {variant: labels.rule_options(experiment, name, variant) for variant in variants_of(entry)}
            for name, entry in experiment.pseudo_labels.items()
        },
        "students": {
            name: {"pseudo_labels": entry.pseudo_labels} | training.student_options(experiment, name)
            for name, entry in experiment.students.items()
        },
        "figures": experiment.figures,
        "comparison": evaluation.comparison(experiment),
    }
    if labels.prior_readers(experiment):
        sections["priors"] = labels.prior_options(experiment)
    if experiment.name:
        sections["experiment"] = experiment.name
    demo = {"demo": experiment.config.demo} if experiment.entry.source == "demo" else {}
    return plain(sections | demo)


def planned(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return the options of jobs, by rule and by the wildcards other than data set, seed and shard: what records must hold."""
    jobs = {
        "list_images": {part: data.listing_options(experiment, part) for part in experiment.used_parts},
        "make_labels": {"": data.label_options(experiment)},
        "make_observed_labels": {"": labels.observation(experiment)},
        "extract_features": {
            f"{backbone}/{part}": features.extraction(experiment, backbone)
            for backbone in backbones.extracted(experiment)
            for part in experiment.used_parts
            if not backbones.is_file(experiment, backbone)
        },
        **{
            rule: {
                f"{backbone}/{part}": options(experiment, backbone, part)
                for backbone in experiment.backbones
                for part in experiment.used_parts
                if matrices.matrix(experiment, backbone, part)
            }
            for rule, options in (("match_rows", matrices.matching), ("convert_features", matrices.conversion))
        },
        "choose_landmarks": {
            f"{backbone}/{kernel}": features.landmark_options(experiment, kernel)
            for backbone, kernel in features.kernels(experiment)
            if kernel != "linear"
        },
        "train_teacher": {
            name: training.teacher_options(experiment, name)
            for name, entry in experiment.teachers.items()
            if name not in experiment.text_teachers and not experiment.is_trained(entry)
        },
        "embed_prompts": {name: training.prompt_options(experiment, name) for name in experiment.text_teachers},
        "make_text_teacher": {name: training.text_options(experiment, name) for name in experiment.text_teachers},
        "train_student": {
            f"{name}/{variant}": training.student_options(experiment, name)
            for name, entry in experiment.students.items()
            if not experiment.is_trained(entry)
            for variant in experiment.variants(name)
        },
        "make_pseudo_labels": {
            f"{name}/{variant}": labels.rule_options(experiment, name, variant)
            for name, entry in experiment.pseudo_labels.items()
            for variant in variants_of(entry)
        },
    }
    if labels.prior_readers(experiment):
        jobs["estimate_priors"] = {"": labels.prior_options(experiment)}
    return plain(jobs | finetuning.planned(experiment))


def recorded_files(experiment: Experiment) -> list[str]:
    """Return the files whose checksums the record holds: annotations, manifests, observed labels of the user."""
    manifests = [paths.images(experiment.dataset, part) for part in experiment.used_parts]
    own = [experiment.observation.file] if experiment.observation.file else []
    return [*acquire.all_annotations(experiment), *manifests, *own]
