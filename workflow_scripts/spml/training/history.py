"""The history of one training run as a table: a row per epoch and candidate, or per penalty."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spml.runtime.files import writing


@dataclass
class Epoch:
    """A row of the history: the mean loss and validation mAP of one candidate after one epoch."""

    batch_size: int
    learning_rate: float
    epoch: int
    loss: float
    val_map: float


def write_history(path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, a column per key; a key that a row does not have is left empty."""
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
