"""Records: what an artifact is, what it was made from, and the checksum of its bytes.

The record of ``checkpoint.safetensors`` is the hidden file ``.checkpoint.safetensors.record`` beside it, JSON in one line:

======== ==============================================================================================================
artifact its own path, from the folder ``results`` or ``resources`` on: data set, model, set, replicate and variant
kind     what it holds: labels, logits, checkpoint, table, ...
format   the version of this record
rule     the rule that made it, with its ``wildcards`` and ``params``
inputs   path of every input that holds data, with the SHA-256 of its bytes
sha256   of the artifact itself
======== ==============================================================================================================

Writers write it, readers check it: a file that was damaged, moved, swapped or put there by hand is refused. It stands
beside the artifact rather than in it. An input may change without effect on an artifact, whose bytes then stay the same,
and nothing that is made from it runs again.
"""

import contextlib
import csv
import functools
import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spml.artifacts.checksums import sha256
from spml.runtime import files, job
from spml.runtime.errors import InputError

FORMAT = 1
ROOTS = ("results", "resources")  # an artifact is named from the last folder of these names on
KEYS = {"artifact", "kind", "format", "rule", "wildcards", "params", "inputs", "sha256"}

PathLike = str | os.PathLike
Record = dict[str, Any]


def name_of(path: PathLike) -> str:
    """Return the name of an artifact: its path from the folder results or resources on, or else the name of the file."""
    parts = Path(os.path.abspath(path)).parts
    start = max((number for number, part in enumerate(parts[:-1]) if part in ROOTS), default=len(parts) - 1)
    return "/".join(parts[start:])


def path_of(path: PathLike) -> Path:
    """Return the path of the record of an artifact."""
    path = Path(path)
    return path.with_name(f".{path.name}.record")


@contextlib.contextmanager
def writing(path: PathLike, kind: str) -> Iterator[Path]:
    """Yield a temporary name to write an artifact to; write its record, then move it in place; errors as files.writing."""
    with files.writing(path) as part:
        yield part
        current = job.current()
        record = {
            "artifact": name_of(path),
            "kind": kind,
            "format": FORMAT,
            "rule": current.rule,
            "wildcards": current.wildcards,
            "params": current.params,
            "inputs": {name: checksum_of(name) for name in current.inputs if os.path.isfile(name)},
            "sha256": sha256(part),
        }
        files.write_json(path_of(path), record)


def write_csv(path: PathLike, kind: str, rows: Iterable[Iterable[object]]) -> None:
    """Write an artifact of rows, the header first, as CSV."""
    with writing(path, kind) as part, open(part, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def require_name(path: PathLike, artifact: object, what_to_do: str) -> None:
    """Raise InputError unless the artifact at this path is called what its record, or the file itself, says."""
    if artifact != name_of(path):
        raise InputError(
            f"{path}: found {artifact}, wanted {name_of(path)}: the file was moved or swapped; {what_to_do}"
        )


def read(path: PathLike, kind: str | None = None) -> Record:
    """Return the record of an artifact, checked to be that of the file at this path, but not the bytes of the file.

    Raises
    ------
    InputError
        When there is none, or it belongs to another artifact: names the file and the rule that makes it again.
    """
    where = path_of(path)
    try:
        record = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: found no record beside it ({where.name}): it was put there by hand, or copied without hidden files; "
            f"{advice(path)}"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: its record {where.name} is not readable ({error}); {advice(path)}") from error
    if not isinstance(record, dict) or set(record) != KEYS or record["format"] != FORMAT:
        raise InputError(f"{path}: its record {where.name} is damaged or of another version; {advice(path)}")
    require_name(path, record["artifact"], advice(path, record))
    if kind is not None and record["kind"] != kind:
        raise InputError(f"{path}: found kind {record['kind']!r}, wanted kind {kind!r}; {advice(path, record)}")
    return record


def verify(path: PathLike, kind: str | None = None) -> Record:
    """Return the record of an artifact after a check of its bytes; a file is read once per process for that.

    Raises
    ------
    InputError
        When the file is missing or no regular file, or differs from what its rule wrote, or as for ``read``.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); wanted the file that its rule makes") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: found no regular file; {advice(path)}")
    record = read(path, kind)
    if _sha256(os.fspath(path), status.st_ino, status.st_size, status.st_mtime_ns) != record["sha256"]:
        raise InputError(
            f"{path}: its bytes differ from those that {_maker(record)} wrote: damaged, edited or swapped; {advice(path, record)}"
        )
    return record


def checksum_of(path: PathLike) -> str:
    """Return the SHA-256 of an input: an artifact's from its record, since the reader compares it; else of the file."""
    if path_of(path).is_file():
        return read(path)["sha256"]
    status = os.stat(path)
    return _sha256(os.fspath(path), status.st_ino, status.st_size, status.st_mtime_ns)


def advice(path: PathLike, record: Record | None = None) -> str:
    """Return what to do about an artifact that cannot be used."""
    parts = name_of(path).split("/")
    if "images" in parts and parts[-2] in ("train", "test", "pool"):  # made with the others of its folder
        path = Path(path).parent.with_suffix(".csv")
    if os.path.islink(path):  # into the cache of features that clones share, from where a deleted link would come back
        path = os.path.realpath(path)
    return f"delete {path}, then run again: {_maker(record)} makes it again"


def _maker(record: Record | None) -> str:
    return f"rule {record['rule']}" if record and record["rule"] else "its rule"


@functools.lru_cache(1 << 16)
def _sha256(path: str, *status: int) -> str:
    return sha256(path)


def forget() -> None:
    """Forget the checksums of files that were read, as a new process does."""
    _sha256.cache_clear()
