"""Artifacts that were changed by hand, with a record that agrees: what only a check of the content can tell."""

import json
from pathlib import Path

from spml.artifacts import records
from spml.artifacts.checksums import sha256


def rerecord(path):
    """Write the checksum of a changed file to its record."""
    where = records.path_of(path)
    record = json.loads(where.read_text(encoding="utf-8"))
    where.write_text(json.dumps(record | {"sha256": sha256(path)}), encoding="utf-8")


def record_as(path, kind):
    """Give a file of other making the record that a rule would write."""
    path = Path(path)
    content = path.read_bytes()
    with records.writing(path, kind) as part:
        part.write_bytes(content)


def move(path, target):
    """Move an artifact with its record, as whoever sorts folders by hand does."""
    path, target = Path(path), Path(target)
    records.path_of(path).rename(records.path_of(target))
    path.rename(target)


def swap(one, other):
    """Swap two artifacts with their records."""
    move(one, f"{one}.swap")
    move(other, one)
    move(f"{one}.swap", other)
