"""Mistakes in the configuration as lines: the key, the value found, the value wanted, and the nearest known name."""

import difflib
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from plan.schema import Schema

RENAMED = {  # keys of earlier versions; * stands for any name, and each key may also stand in a data set
    "backbones.*.architecture": "backbones.*.model, with library: torchvision beside it",
    "figure": "figures",
    "figures.lines": "figures.baselines",
    "validation.share": "validation.fraction",
    "validation.labels": "validation.select_on (true_labels or observed_labels)",
    "observation.process": "observation.sampling",
    "observation.positives": "observation.positives_per_image",
    "observation.negatives": "observation.negatives_per_image",
    "teachers.*.labels": "teachers.*.supervision (full or observed)",
    "machine.images_per_shard": "features.images_per_shard",
    "training.memory_mb": "machine.memory_mb",
    "teachers.*.memory_mb": "machine.memory_mb",
    "students.*.memory_mb": "machine.memory_mb",
}
REMOVED = {  # keys of earlier versions, and why they are gone
    "backbones.*.trained": "a model that trains its backbone says so: mode: end_to_end (docs/trained_backbones.md)",
    "comparison.resamples": "the intervals need no resamples",
    "comparison.seed": "the intervals need no resamples",
    "demo.seed": "the demo is always the same",
    "demo.pretraining_epochs": "the demo's backbone comes as a package",
    "demo.singles": "the demo's backbone comes as a package",
    "review.simulated_teacher": "a student learns with all its teachers: review.simulated_student",
}
OLD_VALUES: dict[str, dict[object, str]] = {  # values of earlier versions, of keys that there still are
    "backbones.*.precision": {"float16": "storage: float16"},
    "pseudo_labels.*.rule": {"keep_observed": "rule: threshold with keep_observed: true"},
    "teachers.*.supervision": {True: "full", False: "observed"},
    "validation.select_on": {"full": "true_labels", "observed": "observed_labels"},
}

_short = reprlib.Repr()  # of a value that is wrong: aliases of YAML can make one of a few lines too long for any memory
_short.maxlevel, _short.maxlist, _short.maxdict = 2, 10, 10
_short.maxstring = _short.maxlong = _short.maxother = 200


class ConfigError(Exception):
    """The configuration has mistakes: one line for each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(dict.fromkeys(lines))  # a value can be wrong in two ways that read alike
        super().__init__("\n".join(self.lines))


def unknown(key: str, name: object, names: Sequence[str]) -> Iterator[str]:
    """Yield one line if a name is none of the names."""
    if name not in names:
        near = difflib.get_close_matches(name if isinstance(name, str) else "", names, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        wanted = f"one of {', '.join(names)}" if names else "nothing: there are none to name"
        yield f"{key}: found {_short.repr(name)}, wanted {wanted}{hint}"


def lines(error: ValidationError, model: type[BaseModel], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each thing that a model rejects in a configuration."""
    schema = Schema(model)
    entries = sorted(error.errors(include_url=False), key=lambda entry: tuple(map(str, entry["loc"])))
    places = [_locate(entry["loc"], config, entry["type"]) for entry in entries]
    for entry, (path, value) in zip(entries, places, strict=True):
        others = sum(other[: len(path)] == path for other, _ in places)
        if entry["type"] == "literal_error" and not isinstance(value, str) and others > 1:
            continue  # a number or a list, where a word would do, too: the other line says what is wrong with it
        branches = schema.branches(path, config)
        key, kind = ".".join(map(_printable, path)), entry["type"]
        if kind == "extra_forbidden":
            yield f"{key}: no such key here; {_hint(path, schema.branches(path[:-1], config))}"
        elif kind == "missing":
            yield f"{key}: found nothing, wanted {_description(branches)}"
        elif entry["loc"][-1] == "[key]":
            names = [
                branch["propertyNames"] for branch in schema.branches(path[:-1], config) if "propertyNames" in branch
            ]
            wanted = _description(names) if names else "text (a number in quotes)"
            yield f"{key}: found {_short.repr(entry['input'])}, wanted {wanted}"
        elif kind == "union_tag_invalid":
            field = entry["ctx"]["discriminator"].strip("'")
            tags = [tag.strip(" '") for tag in entry["ctx"]["expected_tags"].split(",")]
            tag = value[field] if isinstance(value, dict) else value
            if field in ("rule", "library") or not isinstance(tag, str):
                key = f"{key}.{field}"
            if isinstance(tag, str) or field in ("rule", "library"):
                old = _old_value(path if path[-1] == field else [*path, field], tag)
                yield from (f"{line}{old}" for line in unknown(key, tag, tags))
            else:
                yield f"{key}: found {_short.repr(tag)}, wanted the name of a loss (docs/methods.md has all)"
        elif kind == "union_tag_not_found":
            field = entry["ctx"]["discriminator"].strip("'")
            tags = [tag for branch in branches for tag in branch.get("discriminator", {}).get("mapping", {})]
            yield f"{key}.{field}: found nothing, wanted one of {', '.join(tags)}"
        elif kind == "literal_error":
            choices = [str(choice) for choice in _choices(branches)]
            yield from (f"{line}{_old_value(path, value)}" for line in unknown(key, value, choices))
        else:
            wanted = _description(branches)
            wanted += _limit(kind, entry.get("ctx", {}), wanted) + _finite(kind)
            yield f"{key or 'top level'}: found {_short.repr(value)}, wanted {wanted}"


def _locate(location: Sequence[str | int], config: Any, kind: str) -> tuple[list[str | int], Any]:
    """Return the path in the configuration that pydantic's location means, and the value there.

    The location also holds names of branches (of a union), which are no keys.
    """
    path: list[str | int] = []
    value = config
    for number, part in enumerate(location):
        last = number == len(location) - 1
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            value = value[part]
            path.append(part)
        elif last and kind == "missing":
            path.append(part)
            value = None
    return path, value


def _hint(path: Sequence[str | int], branches: Sequence[Mapping[str, Any]]) -> str:
    """Return what to write in place of an unknown key."""
    key = str(path[-1])
    for table, text in ((RENAMED, "it is now {}"), (REMOVED, "it was taken away: {}")):
        for pattern, answer in table.items():
            if (names := _match(pattern, path)) is not None:
                return text.format(answer.replace("*", names[0]) if names else answer)
    known = list(dict.fromkeys(name for branch in branches for name in branch.get("properties", {})))
    near = difflib.get_close_matches(key, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    tags = {
        name
        for branch in branches
        for name, part in branch.get("properties", {}).items()
        if name == "name" and "const" in part
    }
    known = [name for name in known if name not in tags]
    return meant + (f"wanted one of {', '.join(known)}" if known else "there are none")


def _match(pattern: str, path: Sequence[str | int]) -> list[str] | None:
    """Return the names that * stands for where a path, perhaps of a data set, has a pattern; None where it has not."""
    inside = path[2:] if path[0] == "datasets" and len(path) > 2 else path
    parts = pattern.split(".")
    if len(parts) != len(inside):
        return None
    pairs = [(part, str(name)) for part, name in zip(parts, inside, strict=True)]
    return [name for part, name in pairs if part == "*"] if all(part in ("*", name) for part, name in pairs) else None


def _old_value(path: Sequence[str | int], value: object) -> str:
    """Return what a value of an earlier version is now; nothing for any other value."""
    if isinstance(value, str | bool):
        for pattern, answers in OLD_VALUES.items():
            if value in answers and _match(pattern, path) is not None:
                return f"; {_short.repr(value)} is now {answers[value]}"
    return ""


def _description(branches: Sequence[Mapping[str, Any]]) -> str:
    """Return the wanted value in words: its description, or else its type and range."""
    for branch in branches:
        if text := branch.get("description"):
            first = text.split()[0]
            return (text if first[:2].isupper() and len(first) > 1 else text[0].lower() + text[1:]).rstrip(".")
    words = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "up to"}
    kinds = {"number": "a number", "integer": "a whole number", "string": "text", "boolean": "true or false"}
    for branch in branches:
        if kind := kinds.get(branch.get("type", "")):
            return " ".join([kind, *(f"{word} {branch[key]:g}" for key, word in words.items() if key in branch)])
    return "something else"


def _limit(kind: str, context: Mapping[str, Any], wanted: str) -> str:
    """Return the limit that a number broke, where the words that say what is wanted do not name it."""
    limits = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le", "less_than": "lt"}
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    if kind not in limits:
        return ""
    limit = context[limits[kind]]
    text = f"{limit:.15g}"
    return "" if re.search(rf"(?<![\w.]){re.escape(text)}(?![\w.])", wanted) else f" ({words[limits[kind]]} {text})"


def _finite(kind: str) -> str:
    return "; infinity and NaN are no numbers here" if kind == "finite_number" else ""


def _choices(branches: Sequence[Mapping[str, Any]]) -> list[Any]:
    choices = (branch.get("enum") or [branch["const"]] for branch in branches if {"enum", "const"} & branch.keys())
    return next(choices, [])


def _printable(key: str | int) -> str:
    return str(key) if str(key).isprintable() else repr(str(key))
