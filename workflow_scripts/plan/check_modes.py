"""Checks of models whose backbone is trained, and of backbones that were trained with a model: one line per mistake."""

import graphlib
from collections.abc import Iterator

from plan import finetuning
from plan.config import Backbone, FileBackbone, ModelBackbone
from plan.errors import unknown
from plan.experiment import Experiment, as_list, parse_reference, text_of
from plan.merging import named
from plan.presets import expanded, is_trained
from plan.sections import Student, Teacher
from spml.losses.registry import is_all_warmup


def modes(experiment: Experiment) -> Iterator[str]:
    """Yield what a model whose backbone is trained cannot have, and what is said of its training in vain."""
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        for name, entry in entries.items():
            if not text_of(entry):
                yield from _model(experiment, kind, name, entry)


def _model(experiment: Experiment, kind: str, name: str, entry: Teacher | Student) -> Iterator[str]:
    key, mode = f"{kind}.{name}", experiment.mode(entry)
    if mode != "linear_init" and named(entry).get("linear_init"):
        yield f"{key}.linear_init: found settings, wanted mode: linear_init beside them, or none (the mode is {mode})"
    for number, stage in enumerate((isinstance(entry, Student) and entry.stages) or []):
        if is_trained(expanded(named(stage))):
            yield f"{key}.stages.{number}: found a mode that trains the backbone, wanted stages of a head on frozen features"
    if mode == "frozen":
        return
    if isinstance(entry, Student) and entry.stages:
        yield f"{key}.stages: found stages with mode {mode}, wanted mode: frozen: stages are of a head on frozen features"
    options = experiment.training_options(entry)
    if options["head"] not in ("linear", "mlp"):
        yield f"{key}.head: found {options['head']} with mode {mode}, wanted linear or mlp: no closed form trains a backbone"
        return
    if mode == "linear_init":
        epochs, loss = finetuning.first_options(experiment, kind, name)["epochs"], experiment.loss(entry)
        if is_all_warmup(loss, epochs):
            yield f"{key}.linear_init.epochs: found {epochs}, wanted more than the warmup of {loss['name']}, {loss['warmup']}"
    rates, sizes = options["learning_rates"], options["batch_sizes"]
    if rates == "auto":
        yield f"{key}.learning_rates: found auto with mode {mode}, wanted a list: each candidate is a job that is planned before"
    elif len({f"{rate:g}" for rate in rates}) < len(rates):
        yield f"{key}.learning_rates: found {rates}, of which two are the same in six digits; wanted each once"
    elif options["micro_batch"] and options["micro_batch"] > max(sizes):
        yield f"{key}.micro_batch: found {options['micro_batch']}, wanted at most the batch size, {max(sizes)}"
    yield from _network(experiment, key, mode, entry)


def _network(experiment: Experiment, key: str, mode: str, entry: Teacher | Student) -> Iterator[str]:
    """Yield why the backbone of a model cannot be trained."""
    if not experiment.source.has_pictures:
        yield f"{key}.mode: found {mode}, wanted frozen: data set {experiment.dataset} has no pictures (source features)"
        return
    name = experiment.backbone(entry)
    backbone = experiment.config.backbones.get(name)
    if isinstance(backbone, FileBackbone):
        yield f"{key}.mode: found {mode}, wanted frozen, or another backbone: {name} is features of files (library file)"
    if isinstance(backbone, Backbone) and backbone.crops != 1:
        yield f"{key}.mode: found {mode}, wanted frozen, or a backbone with crops: 1 ({name} has crops: {backbone.crops})"


def backbones(experiment: Experiment) -> Iterator[str]:
    """Yield backbones that name a model which is not there or trains none, and circles of models."""
    found = False
    for name in experiment.backbones:
        entry = experiment.config.backbones.get(name)
        if isinstance(entry, ModelBackbone):
            lines = list(_reference(experiment, f"backbones.{name}", entry))
            found |= bool(lines)
            yield from lines
    if not found:
        yield from _circles(experiment)


def _reference(experiment: Experiment, key: str, entry: ModelBackbone) -> Iterator[str]:
    kind = entry.model.partition("/")[0]
    name, variant = parse_reference(entry.reference)
    models: dict[str, Teacher | Student] = {**(experiment.teachers if kind == "teachers" else experiment.students)}
    if name not in models:
        yield from unknown(f"{key}.model ({kind})", name, list(models))
        return
    if not experiment.is_trained(models[name]):
        yield f"{key}.model: found {entry.model}, whose mode is frozen; wanted one that trains its backbone (mode: end_to_end)"
    if kind == "students" and variant not in (known := experiment.variants(name)):
        wanted = ", ".join(value.removeprefix("tau_") for value in known)
        yield f"{key}.model: found {entry.model}, wanted students/{name}@ and one of {wanted}"
    if entry.seed is not None and entry.seed not in experiment.seeds:
        yield f"{key}.seed: found {entry.seed}, wanted one of the seeds, {', '.join(map(str, experiment.seeds))}, or null"


def _circles(experiment: Experiment) -> Iterator[str]:
    """Yield a circle of models: one whose backbone, over some others, begins with its own."""
    needs: dict[str, set[str]] = {}
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        for name, entry in entries.items():
            before = needs.setdefault(f"{kind}/{name}", set())
            backbone = experiment.config.backbones.get(experiment.backbone(entry))
            if isinstance(backbone, ModelBackbone):
                before.add(backbone.model.partition("@")[0])
            labels = experiment.pseudo_labels.get(entry.pseudo_labels) if isinstance(entry, Student) else None
            for reference, variant in map(parse_reference, as_list(labels.teacher) if labels else []):
                before.add(f"{'students' if variant else 'teachers'}/{reference}")
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        ring = error.args[1]
        if any(_begins_with_model(experiment, model) for model in ring):  # checks.circles has those of labels alone
            yield f"backbones: {' <- '.join(ring)} is a circle, wanted a chain that begins at a network of a library"


def _begins_with_model(experiment: Experiment, model: str) -> bool:
    kind, _, name = model.partition("/")
    entry = experiment.teachers.get(name) if kind == "teachers" else experiment.students.get(name)
    return entry is not None and isinstance(experiment.config.backbones.get(experiment.backbone(entry)), ModelBackbone)
