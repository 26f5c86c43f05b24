"""Facts and tables as lines of plain text, for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def facts(facts: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each fact, their values below each other."""
    width = max(map(len, facts))
    for name, value in facts.items():
        yield f"{name:<{width}}  {value:,}" if isinstance(value, int | np.integer) else f"{name:<{width}}  {value}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, the first column aligned to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()


def more(total: int, shown: int, what: str) -> Iterator[str]:
    """Yield a line that says how many are not shown, where some are not."""
    if total > shown:
        yield f"... and {total - shown:,} more {what} (all: --all)"
