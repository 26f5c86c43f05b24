"""The history of one training run as a table: a row per epoch and candidate, or per penalty."""

import csv
import dataclasses
from collections.abc import Sequence
from typing import Any

from spml.runtime.files import writing


def write_history(path: str, rows: Sequence[Any]) -> None:
    """Write instances of one dataclass as CSV, a column per field."""
    with writing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(rows[0])], lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(row) for row in rows)
