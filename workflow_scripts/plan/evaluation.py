"""What rules/evaluation.smk and rules/report.smk depend on: every model and every set of pseudo-labels of the configuration.

Never what happens to lie in a folder: files of a removed τ may lie about.
"""

from pathlib import Path
from typing import Any

from plan import acquire, benchmarks, labels, paths, rows, training
from plan.experiment import Experiment, as_list, parse_reference, plain, variants_of

CAPTIONS = Path(__file__).resolve().parents[2] / "rules" / "captions"
FIGURES = {  # figure: what it shows, for those who do not see it
    "figure_1a": "mAP of the students over the threshold τ, with the teachers as lines",
    "figure_1b": "Positives per training image over the threshold τ",
    "comparison": "Difference of every method to the reference, with intervals",
    "reliability": "Share present over predicted probability, by model",
    "label_quality": "Precision and recall of the pseudo-labels by category and τ, and confusions",
}


def part_of(split: str) -> str:
    """Return the delivered part that a split lies in."""
    return "test" if split == "test" else "train"


def split_features(experiment: Experiment, model: str, split: str) -> str:
    """Return the features that a model sees of a split."""
    kind, name, _ = paths.model_parts(model)
    return paths.features(experiment.dataset, experiment.backbone(experiment.model_entry(kind, name)), part_of(split))


def split_labels(experiment: Experiment, split: str) -> str:
    """Return the true labels of the part that a split lies in."""
    return paths.labels(experiment.dataset, part_of(split))


def model_observed(experiment: Experiment, model: str) -> str | list[str]:
    """Return the observed labels of a model's replicate, where models are selected on them."""
    return training.selection_observed(experiment, paths.model_parts(model)[2])


def all_metrics(experiment: Experiment) -> list[str]:
    """Return the metrics of every model, in the order of rows.models()."""
    return [paths.metrics(experiment.dataset, folder) for folder in rows.model_folders(experiment)]


def all_test_logits(experiment: Experiment) -> list[str]:
    """Return the logits of every model on the test split, in the order of rows.models()."""
    return [paths.logits(experiment.dataset, folder, "test") for folder in rows.model_folders(experiment)]


def comparison(experiment: Experiment) -> dict[str, Any]:
    """Return what every method is compared with, and how."""
    shown = experiment.pseudo_labels[experiment.shown_pseudo_labels]
    name, variant = parse_reference(experiment.comparison.reference or as_list(shown.teacher)[0])
    reference = {"kind": "students" if variant else "teachers", "name": name, "variant": variant}
    return plain({"reference": reference, "resamples": experiment.comparison.resamples})


def all_pseudo_labels(experiment: Experiment) -> list[str]:
    """Return every file of pseudo-labels, in the order of rows.variants()."""
    return [
        paths.pseudo_labels(experiment.dataset, row["pseudo_labels"], row["seed"], row["variant"])
        for row in rows.variants(experiment)
    ]


def all_observed(experiment: Experiment) -> list[str]:
    """Return the observed labels of every replicate, in the order of the seeds."""
    return [paths.observed(experiment.dataset, seed) for seed in experiment.seeds]


# -- figures and report


def shown_models(experiment: Experiment) -> dict[str, Any]:
    """Return the students and baselines that the figures show, and the names that they show them by."""
    return plain(experiment.figures) | {"labels": experiment.display_names}


def shown_pseudo_labels(experiment: Experiment) -> dict[str, Any]:
    """Return the pseudo-labels that figure 1b and label quality show."""
    return {"pseudo_labels": experiment.shown_pseudo_labels}


def report(experiment: Experiment) -> dict[str, Any]:
    """Return what the report shows: students, pseudo-labels, captions, and the benchmarks of its jobs."""
    pseudo_labels, seed = experiment.shown_pseudo_labels, min(experiment.seeds)
    captions = {name: (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8") for name in FIGURES}
    return {
        "benchmarks": benchmarks.by_rule(experiment),
        "captions": {name: " ".join(text.replace("``", "").split()) for name, text in captions.items()},
        "gallery": paths.gallery(".", pseudo_labels, seed).removeprefix("results/./"),
        "labels": experiment.display_names,
        "pseudo_labels": pseudo_labels,
        "shows": FIGURES,
        "students": experiment.figures.students,
    }


def all_features(experiment: Experiment) -> list[str]:
    """Return the features of both parts through every backbone that is used."""
    return [
        paths.features(experiment.dataset, backbone, part)
        for backbone in experiment.backbones
        for part in ("train", "test")
    ]


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
        "teachers": {name: training.teacher_options(experiment, name) for name in experiment.teachers},
        "pseudo_labels": {
            name: {variant: labels.rule_options(experiment, name, variant) for variant in variants_of(entry)}
            for name, entry in experiment.pseudo_labels.items()
        },
        "students": {
            name: {"pseudo_labels": entry.pseudo_labels} | training.student_options(experiment, name)
            for name, entry in experiment.students.items()
        },
        "figures": experiment.figures,
        "comparison": comparison(experiment),
    }
    demo = {"demo": experiment.config.demo} if experiment.entry.source == "demo" else {}
    return plain(sections | demo)


def recorded_files(experiment: Experiment) -> list[str]:
    """Return the files whose checksums the record holds: annotations, manifests, observed labels of the user."""
    manifests = [paths.images(experiment.dataset, part) for part in ("train", "test")]
    own = [experiment.observation.file] if experiment.observation.file else []
    return [*acquire.all_annotations(experiment), *manifests, *own]
