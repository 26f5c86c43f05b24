"""Checks of what students learn from, in stages or at once, and of the class priors that rules and losses take."""

from collections.abc import Iterator
from typing import Any

from plan.errors import unknown
from plan.experiment import Experiment
from plan.labels import prior_readers, rule_parameters
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES


def students(experiment: Experiment) -> Iterator[str]:
    """Yield students whose pseudo-labels are not configured, or whose loss does not take them."""
    for name, entry in experiment.students.items():
        yield from unknown(f"students.{name}.pseudo_labels", entry.pseudo_labels, list(experiment.pseudo_labels))
        source = experiment.pseudo_labels.get(entry.pseudo_labels)
        if not source:
            continue
        yield from _stages(experiment, name, entry, source)
        ignores = source.rule == "band" or getattr(source, "inside", "") == "ignored"
        if ignores and experiment.kernel(entry):
            yield (
                f"students.{name}.pseudo_labels: found {entry.pseudo_labels!r}, whose rule {source.rule} ignores labels, wanted "
                "another rule: ridge regression (head ridge or auto) learns from every label"
            )
        losses = [stage.loss or entry.loss for stage in entry.stages or [] if stage.train_on != "observed"] or [
            entry.loss
        ]
        for loss in losses:
            if source.rule == "soft" and not LOSSES[loss.name].accepts_soft_targets:
                wanted = " or ".join(name for name, loss in LOSSES.items() if loss.accepts_soft_targets)
                yield (
                    f"students.{name}.loss: found {loss.name!r}, wanted {wanted}, which take the soft targets of "
                    f"{entry.pseudo_labels}"
                )


def _stages(experiment: Experiment, name: str, entry: Any, source: Any) -> Iterator[str]:
    """Yield stages that lack what they are trained on, or that change the head."""
    key, on = f"students.{name}.stages", "pool" if source.split == "pool" else "pseudo_labels"
    if on == "pool" and not entry.stages:
        yield f"{key}: found nothing, wanted a stage on pool, where the pseudo-labels are, and one on observed after it"
        return
    if entry.stages and experiment.kernel(entry):
        yield f"{key}: found stages with head ridge or auto, wanted head mlp or linear: a closed form goes on from no weights"
    for number, stage in enumerate(entry.stages or []):
        if stage.train_on not in ("observed", on):
            yield f"{key}.{number}.train_on: found {stage.train_on}, wanted {on} (pseudo_labels.{entry.pseudo_labels}.split: {source.split}) or observed"
        loss = stage.loss or entry.loss
        if stage.train_on == "observed" and LOSSES[loss.name].needs == "true negatives":
            yield f"{key}.{number}.loss: {loss.name} learns from true negatives, wanted a loss for observed labels, as em"
        for head in sorted({"head", "hidden"} & stage.model_fields_set):
            yield f"{key}.{number}.{head}: found {getattr(stage, head)!r}, wanted it beside stages: a student has one head"
    if entry.stages and on not in [stage.train_on for stage in entry.stages]:
        yield f"{key}: found none on {on}, wanted one (a model without pseudo-labels is a teacher)"
    if entry.stages and entry.stages[-1].train_on == "pool":
        yield f"{key}: found pool last, wanted a stage on observed after it"


def pool(experiment: Experiment) -> Iterator[str]:
    """Yield pseudo-labels of a pool that is not there, or that keep what is observed of none of its images."""
    if experiment.entry.pool and experiment.entry.source == "demo":
        yield f"datasets.{experiment.dataset}.pool: found one, wanted demo.pool (source demo is drawn)"
    for name, entry in experiment.pseudo_labels.items():
        if entry.split == "pool" and not experiment.has_pool:
            wanted = "demo.pool above 0" if experiment.entry.source == "demo" else f"datasets.{experiment.dataset}.pool"
            yield f"pseudo_labels.{name}.split: found pool, wanted {wanted} in the configuration, or train"
        reads_labels = entry.rule == "conformal" or RULES[entry.rule].reads_validation(rule_parameters(entry))
        if entry.split == "pool" and reads_labels:
            yield f"pseudo_labels.{name}.rule: found {entry.rule}, wanted one that needs no label of the rows it ranks (split: pool)"
        if entry.split == "pool" and entry.keep_observed and not experiment.answer_files:
            yield (
                f"pseudo_labels.{name}.keep_observed: found true, wanted false: of the pool nothing is observed but answers "
                "(review.answers), and there are none"
            )


def priors(experiment: Experiment) -> Iterator[str]:
    """Yield ways of finding class priors that lack the number, the true labels or the teacher that they need."""
    options, method = experiment.priors, experiment.prior_method
    if method == "labels_per_image" and options.labels_per_image is None:
        yield "priors.labels_per_image: found nothing, wanted a number from 1 (priors.method: labels_per_image)"
    if method == "validation" and not experiment.knows_truth:
        yield "priors.method: found validation, wanted labels_per_image or estimated: no true label is known"
    readers = prior_readers(experiment)
    if method != "estimated" or not readers:
        return
    key, name = "priors.teacher", options.teacher
    if name not in experiment.teachers:
        yield from unknown(f"{key} (for {readers[0]})", name, list(experiment.teachers))
    elif name in experiment.fully_supervised:
        yield f"{key}: found {name!r}, which learns from true labels; wanted a teacher that learns from observed ones"
    elif f"teachers.{name}.loss" in readers:
        yield f"{key}: found {name!r}, whose own loss needs the priors; wanted another teacher, or k in teachers.{name}.loss"
