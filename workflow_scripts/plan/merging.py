"""A data set's own values laid over the sections that all data sets share, and what follows from single entries."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from plan.presets import is_trained
from plan.recipe import Training
from plan.sections import Teacher
from spml.losses.catalog import LOSSES

AnySection = TypeVar("AnySection", bound=BaseModel)


def unused(options: Mapping[str, Any]) -> set[str]:
    """Return the keys of the section training that a model does not use."""
    pictures = {"augment", "schedule", "freeze_batch_norm", "micro_batch", "linear_init"}
    if is_trained(options):
        features = {"kernel", "landmarks", "penalties", "standardize", "input_dropout"}
        first = set() if options["mode"] == "linear_init" else {"linear_init"}
        return features | first | ({"hidden", "dropout"} if options["head"] == "linear" else set())
    return {"mode"} | pictures | _unused_by_head(options)


def _unused_by_head(options: Mapping[str, Any]) -> set[str]:
    ridge, rbf = {"kernel", "landmarks", "penalties"}, {"landmarks"}
    if options["head"] == "ridge":
        return set(options) - {"head"} - (ridge if options["kernel"] == "rbf" else ridge - rbf)
    if options["head"] == "auto":
        return ridge - {"penalties"}
    return ridge | ({"hidden", "dropout"} if options["head"] == "linear" else set())


def merged(section: AnySection, own: BaseModel | None) -> AnySection:
    """Return the section with the keys that a data set names itself."""
    if own is None:
        return section
    return section.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def without(section: AnySection, key: str, names: Collection[str]) -> AnySection:
    """Return a section that all data sets share without the teachers that this one does not have."""
    value = getattr(section, key)
    if isinstance(value, list):
        return section.model_copy(update={key: [name for name in value if name not in names]})
    return section.model_copy(update={key: None}) if value in names else section


def learns_from_truth(teacher: Teacher) -> bool:
    """Return whether a teacher learns from true labels."""
    if not teacher.loss:
        return False
    return teacher.supervision == "full" or LOSSES[teacher.loss.name].needs == "true negatives"


def named(section: BaseModel | None) -> dict[str, Any]:
    """Return the keys of a section that are named in the configuration."""
    return {key: getattr(section, key) for key in section.model_fields_set} if section else {}


def changed(training: Training) -> dict[str, Any]:
    """Return the keys whose value is not the default: config.yaml names all, and a preset beside them must count."""
    return {key: value for key, value in training if value != Training.model_fields[key].default}


def present(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that are not taken away by null."""
    return {name: entry for name, entry in entries.items() if entry is not None}
