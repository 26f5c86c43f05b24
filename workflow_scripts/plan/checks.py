"""Checks of one part of the configuration against another: one function per kind of reference, one line per mistake."""

import graphlib
from collections.abc import Iterator
from typing import Any

from plan import (
    check_features,
    check_losses,
    check_modes,
    check_references,
    check_review,
    check_students,
    check_text,
    paths,
)
from plan.errors import unknown
from plan.experiment import Experiment, as_list, format_reference, parse_reference, target_of
from plan.labels import rule_parameters
from spml.labels.pseudo_labels import RULES


def mistakes(experiment: Experiment) -> Iterator[str]:
    """Yield one line for each mistake of a data set's experiment."""
    if lines := list(check_text.text(experiment)):
        yield from lines  # the other checks read the loss of every teacher without text
        return
    for check in (
        names,
        backbones,
        check_modes.modes,
        check_modes.backbones,
        check_features.matrices,
        check_features.without_pictures,
        locations,
        downloads,
        boxes,
        true_labels,
        check_losses.losses,
        labels,
        check_students.students,
        check_students.pool,
        check_students.priors,
        taus,
        calibration,
        teachers,
        circles,
        figures,
        check_references.references,
        check_references.published,
        check_review.review,
    ):
        yield from check(experiment)


def names(experiment: Experiment) -> Iterator[str]:
    """Yield the name of a data set whose folder in resources/ would be one that all data sets share."""
    if experiment.dataset in paths.SHARED:
        yield (
            f"datasets.{experiment.dataset}: found a name that resources/{experiment.dataset} has for something else, "
            "wanted another name for the data set"
        )


def backbones(experiment: Experiment) -> Iterator[str]:
    """Yield backbones that the configuration does not have."""
    names = list(experiment.config.backbones)
    yield from unknown(f"datasets.{experiment.dataset}.backbone", experiment.entry.backbone, names)
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        for name, entry in entries.items():
            if entry.backbone:
                yield from unknown(f"{kind}.{name}.backbone", entry.backbone, names)


def locations(experiment: Experiment) -> Iterator[str]:
    """Yield paths that the source needs from the user, and paths that it does not take."""
    kind, source = experiment.entry.source, experiment.source
    for part in ("train", "test"):
        location = experiment.entry.location(part)
        for key, path in (("annotations", location.annotations), ("images", location.images)):
            where = f"datasets.{experiment.dataset}.{part}.{key}"
            if key in source.named and not path and part in experiment.parts:
                yield f"{where}: found {path!r}, wanted a path (source {kind} fetches nothing)"
            if kind == "demo" and path:
                yield f"{where}: found {path!r}, wanted nothing (source demo is drawn); use source: coco"
            if kind == "image_folder" and key == "annotations" and path:
                yield f"{where}: found {path!r}, wanted nothing: the folder that a picture lies in is its category"
            elif path and key == "annotations" and source.is_table != path.lower().endswith(".csv"):
                wanted = (
                    "a file whose name ends in .csv" if source.is_table else "no .csv file (source: csv reads them)"
                )
                yield f"{where}: found {path!r}, wanted {wanted}"
    if experiment.entry.categories and kind not in ("csv", "features"):
        yield (
            f"datasets.{experiment.dataset}.categories: found {experiment.entry.categories!r}, wanted nothing: source "
            f"{kind} brings its own"
        )


def downloads(experiment: Experiment) -> Iterator[str]:
    """Yield mirrors of archives that the source does not have."""
    known = experiment.source.downloads
    for key in sorted(experiment.entry.downloads.model_fields_set) if experiment.entry.downloads else ():
        if key not in known:
            wanted = ", ".join(known) or "none"
            yield (
                f"datasets.{experiment.dataset}.downloads.{key}: source {experiment.entry.source} has no such download; "
                f"wanted {wanted}"
            )


def boxes(experiment: Experiment) -> Iterator[str]:
    """Yield sampling by size or location where the source has no boxes."""
    observation = experiment.observation
    if observation.sampling in ("size", "location") and not experiment.source.has_boxes and not observation.file:
        yield (
            f"observation.sampling: found {observation.sampling}, wanted uniform or weights: source "
            f"{experiment.entry.source} has no boxes"
        )


def true_labels(experiment: Experiment) -> Iterator[str]:
    """Yield what learns from true labels, or is selected on them, where none is known."""
    if experiment.knows_truth:
        return
    source, table = experiment.entry.source, experiment.entry.location("train").annotations
    where = f"{table} has no true label" if experiment.source.has_true_labels else f"source {source} has no true labels"
    if not experiment.selects_on_observed:
        yield (
            f"validation.select_on: found {experiment.validation.select_on}, wanted observed_labels, or null, which follows: "
            f"{where}"
        )
    for name in experiment.fully_supervised:
        key = f"datasets.{experiment.dataset}.teachers.{name}"
        yield f"{key}: learns from true labels, wanted null in its place: {where}"


def labels(experiment: Experiment) -> Iterator[str]:
    """Yield a line for each label that two models share, or that is the name of another model of its kind."""
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        owners: dict[str, str] = {}
        for name, entry in entries.items():
            shown = entry.label or name
            if shown in owners:
                yield f"{kind}.{name}.label: found {shown!r}, which {owners[shown]} shows, too; wanted a label of its own"
            owners.setdefault(shown, name)


def taus(experiment: Experiment) -> Iterator[str]:
    """Yield thresholds that have more than two decimals, are repeated, or do not lie above tau_low."""
    for name, entry in experiment.pseudo_labels.items():
        key, values = f"pseudo_labels.{name}", getattr(entry, "taus", None) or []
        if RULES[entry.rule].swept:
            yield from _taus_or_target(key, entry)
        texts = [f"{tau:.2f}" for tau in values]
        for tau, text in zip(values, texts, strict=True):
            if abs(tau - float(text)) > 1e-9 or float(text) >= 1:
                yield f"{key}.taus: found {tau}, wanted at most two decimals, as in {min(float(text), 0.99):.2f}"
            if getattr(entry, "tau_low", -1) >= tau:
                yield f"{key}.tau_low: found {entry.tau_low}, wanted below every τ ({text} is not above it)"
        for text in sorted({text for text in texts if texts.count(text) > 1}):
            yield f"{key}.taus: found {text} more than once (two decimals count), wanted each once"


def _taus_or_target(key: str, entry: Any) -> Iterator[str]:
    """Yield an entry of pseudo_labels with neither thresholds nor a target, or with both, or with a target of two kinds."""
    target = entry.target
    if entry.taus is None and not target:
        yield f"{key}.taus: found nothing, wanted thresholds, as in [0.55, 0.75], or target, as in {{precision: 0.8}}"
    if entry.taus is not None and target:
        yield f"{key}: found taus and target, wanted one of them: set taus: null beside target, which finds its own τ"
    if target and len(target_of(entry)) != 1:
        yield f"{key}.target: found {target_of(entry) or 'nothing'}, wanted precision or labels_per_image, one of them"
    if "precision" in target_of(entry) and entry.split == "pool":
        yield f"{key}.target: found precision, wanted labels_per_image: of the pool (split: pool) nothing is observed"


def calibration(experiment: Experiment) -> Iterator[str]:
    """Yield rules that are calibrated on true validation labels where validation is on observed ones, or that label nothing."""
    for name, entry in experiment.pseudo_labels.items():
        rule = RULES[entry.rule]
        if experiment.selects_on_observed and rule.reads_validation(rule_parameters(entry)):
            yield (
                f"pseudo_labels.{name}: rule {entry.rule} is calibrated on true validation labels, which validation.select_on: "
                f"observed_labels does without; wanted {rule.otherwise}"
            )
        if getattr(entry, "inside", "") == "ignored" and not entry.keep_observed:
            yield f"pseudo_labels.{name}.inside: found ignored, wanted keep_observed: true beside it, or no label is present"


def teachers(experiment: Experiment) -> Iterator[str]:
    """Yield the teachers of pseudo-labels that no entry trains."""
    for name, entry in experiment.pseudo_labels.items():
        references = as_list(entry.teacher)
        for reference in references:
            yield from check_references.model(experiment, f"pseudo_labels.{name}.teacher", reference)
        formatted = [format_reference(reference) for reference in references]
        for reference in sorted({reference for reference in formatted if formatted.count(reference) > 1}):
            yield f"pseudo_labels.{name}.teacher: found {reference} more than once, wanted each once"


def circles(experiment: Experiment) -> Iterator[str]:
    """Yield a circle of pseudo-labels: a student that is, over some rounds, its own teacher."""
    learns_from = {
        name: [
            experiment.students[student].pseudo_labels
            for student, variant in map(parse_reference, as_list(entry.teacher))
            if variant and student in experiment.students
        ]
        for name, entry in experiment.pseudo_labels.items()
    }
    try:
        graphlib.TopologicalSorter(learns_from).prepare()
    except graphlib.CycleError as error:
        ring = error.args[1][:-1][::-1]  # each learns from the one that follows
        first = ring.index(min(ring))
        path = [*ring[first:], *ring[:first], ring[first]]
        yield f"pseudo_labels.{path[0]}.teacher: {' <- '.join(path)} is a circle, wanted a chain that begins at a teacher"


def figures(experiment: Experiment) -> Iterator[str]:
    """Yield students and baselines that the figures cannot show."""
    name = experiment.figures.students
    yield from unknown("figures.students", name, list(experiment.students))
    source = (
        experiment.pseudo_labels.get(experiment.students[name].pseudo_labels) if name in experiment.students else None
    )
    if source and not RULES[source.rule].swept:
        yield f"figures.students: found {name!r}, whose rule {source.rule} has no τ; wanted students of a rule with taus"
    if source and source.split == "pool":
        yield f"figures.students: found {name!r}, whose pseudo-labels are of the pool; wanted students of training rows"
    for baseline in experiment.figures.baselines:
        yield from unknown("figures.baselines", baseline, list(experiment.teachers))
