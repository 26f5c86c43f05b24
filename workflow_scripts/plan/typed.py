"""The values of a configuration in the types that its models want: numbers that YAML reads as text, text of --config."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from plan.schema import Schema

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
EXACT = 2**53  # up to it, every whole number is a float
KINDS: dict[str, type | tuple[type, ...]] = {  # of JSON schema, to the types of Python
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
}
NOT_THERE = object()


def typed(config: Mapping[str, Any], schema: Schema, command_line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with every value in the type that is wanted in its place, as far as it has one.

    A whole number may be written as 1200.0 or 1e3, and a number as YAML reads it as text (1e-3). ``command_line`` are the
    values of --config: Snakemake hands on what is nested in them as text, so that 1, true and null are read here, where
    text is not wanted. What fits nowhere stays as it is, for the models to refuse.
    """

    def walk(value: Any, branches: Sequence[Mapping[str, Any]], own: Any) -> Any:
        if not branches:
            return value
        if isinstance(value, dict):
            return {key: step(value[key], branches, key, inner(own, key)) for key in value}
        if isinstance(value, list):
            return [step(item, branches, number, inner(own, number)) for number, item in enumerate(value)]
        kinds = {kind for branch in branches if (kind := branch.get("type"))}
        return _number(value if own is NOT_THERE else _parsed(value, kinds), kinds)

    def step(value: Any, branches: Sequence[Mapping[str, Any]], part: str | int, own: Any) -> Any:
        return walk(value, schema.inside(branches, part, value), own)

    return walk(config, schema.top(config), command_line)


def inner(own: Any, part: str | int) -> Any:
    """Return what the command line names inside of what it names; NOT_THERE where it names nothing."""
    if isinstance(own, Mapping):
        return own.get(part, NOT_THERE)
    return own[part] if isinstance(own, list) and isinstance(part, int) and part < len(own) else NOT_THERE


def _parsed(value: Any, kinds: set[str]) -> Any:
    """Return what a text means in YAML, if a value of its type is wanted; where text is wanted, too, only null is read."""
    if not isinstance(value, str) or not value.strip():  # null is a word: a variable that is empty must not mean it
        return value
    try:
        meant = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):  # ValueError: a date that no calendar has, a number of too many digits
        return value
    wanted = {"null"} & kinds if "string" in kinds else kinds
    fits = any(isinstance(meant, KINDS[kind]) for kind in wanted if kind in KINDS)
    return meant if fits and (not isinstance(meant, bool) or "boolean" in wanted) else value


def _number(value: Any, kinds: set[str]) -> Any:
    """Return the number that a text or a whole float means where a number is wanted, any other value as it is."""
    if not kinds & {"integer", "number"} or "string" in kinds:
        return value
    if isinstance(value, str) and NUMBER.fullmatch(value) and math.isfinite(number := float(value)):
        value = int(value) if value.lstrip("+-").isdigit() else number
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT and "integer" in kinds:
        return int(value)
    return value
