"""The job that a script runs: its rule, wildcards, params and inputs, as ``log.redirect`` was given them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNRECORDED = ("code", "templates", "tars")  # inputs that hold no data, or pictures, which no record names


@dataclass(frozen=True)
class Job:
    """A job of a rule; outside of a rule, one without a name."""

    rule: str = ""
    wildcards: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


_current = Job()


def begin(snakemake: Any) -> None:
    """Keep what Snakemake gave the script."""
    global _current
    inputs: list[str] = []
    for name, files in snakemake.input.items():
        if name not in UNRECORDED:
            inputs += [str(files)] if isinstance(files, str) else map(str, files)
    _current = Job(
        str(snakemake.rule), dict(snakemake.wildcards.items()), dict(snakemake.params.items()), tuple(sorted(inputs))
    )


def current() -> Job:
    """Return the job of this process."""
    return _current
