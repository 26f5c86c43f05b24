"""The settings in which two records of a configuration differ."""

from collections.abc import Iterator
from typing import Any

SHOWN = 3  # settings that a message names


def differences(one: Any, other: Any, key: str = "") -> Iterator[str]:
    """Yield each setting that differs: its key, the recorded value, the value now."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from differences(one.get(name), other.get(name), f"{key}.{name}" if key else name)
    elif one != other:
        yield f"{key} was {one!r}, is now {other!r}"


def sentence(different: list[str]) -> str:
    """Return the first of several differences, and how many more there are."""
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return f"{'; '.join(different[:SHOWN])}{more}"
