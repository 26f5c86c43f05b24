"""Hyperparameters of what the configuration names: losses and rules of pseudo-labels. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

REQUIRED: Any = object()  # in place of a default: the configuration must name a value

Kind = Literal["number", "integer", "pair", "rates", "choice"]
"""number; integer; pair: two numbers (at the start and at the end of training); rates: category to number; choice: a word."""


@dataclass(frozen=True)
class Hyperparameter:
    """One setting of a loss or a rule of pseudo-labels.

    ``above`` and ``below`` are exclusive bounds, ``minimum`` and ``maximum`` inclusive ones; of a pair and of rates they
    hold for each number. ``nullable``: null is allowed and means what ``description`` says. ``published``: the default
    for data sets of a source, by name of the source. ``choices``: the words of a choice.
    """

    name: str
    description: str
    default: Any = REQUIRED
    kind: Kind = "number"
    above: float | None = None
    minimum: float | None = None
    below: float | None = None
    maximum: float | None = None
    nullable: bool = False
    published: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def default_for(self, source: str) -> Any:
        """Return the published default of a source, or the general one."""
        return self.published.get(source, self.default)
