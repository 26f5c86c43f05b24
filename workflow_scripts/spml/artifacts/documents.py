"""Documents that rules hand on: metrics, the chosen model, provenance, as JSON."""

import json
import os
from pathlib import Path
from typing import Any

from spml.artifacts import records
from spml.runtime.errors import InputError

ARTIFACT = "artifact"  # key of the document's own name


def write(path: str | os.PathLike, kind: str, document: dict[str, Any]) -> None:
    """Write a document of plain values of that kind, with its own name first."""
    text = json.dumps({ARTIFACT: records.name_of(path)} | document, ensure_ascii=False, indent=1, allow_nan=False)
    with records.writing(path, kind) as part:
        part.write_text(text + "\n", encoding="utf-8")


def read(path: str | os.PathLike, kind: str) -> dict[str, Any]:
    """Read a document of that kind, without its own name.

    Raises
    ------
    InputError
        When the file is damaged, was moved, or holds no such document.
    """
    record = records.verify(path, kind)
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        artifact = document.pop(ARTIFACT)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: no document of this pipeline ({error}); {records.advice(path, record)}") from error
    records.require_name(path, artifact, records.advice(path, record))
    return document
