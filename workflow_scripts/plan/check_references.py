"""Checks of the models that the configuration names by reference: teachers (em), and students (paper@0.75)."""

from collections.abc import Iterator

from plan.errors import unknown
from plan.experiment import Experiment, parse_reference, text_of, variants_of


def references(experiment: Experiment) -> Iterator[str]:
    """Yield models and replicates of comparison and prediction that no entry trains."""
    if experiment.comparison.reference:
        yield from model(experiment, "comparison.reference", experiment.comparison.reference)
    if experiment.predict.model:
        yield from model(experiment, "predict.model", experiment.predict.model)
    seed = experiment.predict.seed
    if seed is not None and seed not in experiment.seeds:
        yield f"predict.seed: found {seed}, wanted one of the seeds, {', '.join(map(str, experiment.seeds))}"


def published(experiment: Experiment) -> Iterator[str]:
    """Yield published numbers of models that no entry trains, or that are trained in another mode."""
    section = experiment.entry.published
    if not section:
        return
    key = f"datasets.{experiment.dataset}.published"
    for reference in section.map:
        if mistakes := list(model(experiment, f"{key}.map", reference)):
            yield from mistakes
            continue
        name, variant = parse_reference(reference)
        kind = "students" if variant else "teachers"
        entry = experiment.model_entry(kind, name)
        mode = "text" if text_of(entry) else experiment.mode(entry)
        if mode != section.mode:
            wanted = "a model that is trained" if mode == "text" else f"mode: {section.mode} of {kind}.{name}"
            yield f"{key}.mode: found {section.mode}, but {reference} is of mode {mode}; wanted {wanted}, or {reference} not here"


def model(experiment: Experiment, key: str, reference: str) -> Iterator[str]:
    """Yield a model that no entry trains; ``key`` is the key that holds the reference."""
    name, separator, _ = reference.partition("@")
    if not separator:
        yield from unknown(key, name, list(experiment.teachers))
    elif name not in experiment.students:
        yield from unknown(key, name, list(experiment.students))
    elif entry := experiment.pseudo_labels.get(experiment.students[name].pseudo_labels):
        known = variants_of(entry)
        if parse_reference(reference)[1] not in known:
            wanted = ", ".join(variant.removeprefix("tau_") for variant in known)
            yield f"{key}: found {reference!r}, wanted {name}@ and one of {wanted}"
