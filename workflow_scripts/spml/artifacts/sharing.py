"""Features that clones share: what the key of a shard covers, so that equal keys mean equal features and equal records.

Snakemake's cache between workflows names an output by a checksum of the script, its params, the code, and of how the
inputs that rules make were made. It sees neither the bytes of pictures, which are no inputs, nor which shard it is.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spml.artifacts import manifest, picture_files, records
from spml.runtime import files
from spml.runtime.errors import InputError

NEVER = "never-"  # begins what stands in place of a checksum where a picture cannot be read: equal to nothing, so not shared


def key(images: str, inputs: Iterable[str], wildcards: Mapping[str, str]) -> dict[str, Any]:
    """Return what the record of a shard will say of its job and its inputs, and the checksum of its pictures.

    Parameters
    ----------
    images : the manifest of the shard.
    inputs : all inputs that hold data, the manifest included.
    wildcards : those of the job.
    """
    return {
        "inputs": {name: records.checksum_of(name) for name in sorted(inputs)},
        "pictures": pictures(images),
        "wildcards": dict(wildcards),
    }


def require_same(images: str, paths: Sequence[str], shared: Mapping[str, Any]) -> None:
    """Raise InputError where the pictures are other ones than those of a key; all are read, from ``paths``."""
    if not shared["pictures"].startswith(NEVER) and _joined(map(_checksum, paths)) != shared["pictures"]:
        raise InputError(
            f"{images}: its pictures changed while features were computed; wanted the same pictures all the time, since other "
            "workflows share these features: run again"
        )


def pictures(images: str) -> str:
    """Return one checksum of the bytes of all pictures of a manifest, in its order.

    Checksums are kept beside the manifest; a picture whose size, time or time of change differs is read again.
    """
    where = f"{os.path.splitext(images)[0]}.checksums.json"
    try:
        with open(where, encoding="utf-8") as file:
            known = json.load(file)
    except (FileNotFoundError, ValueError):  # ValueError: it was damaged, and is written again
        known = {}
    current = {path: _status(path) for path in manifest.read(images).path}
    kept = {path: known[path] for path, status in current.items() if path in known and known[path][:-1] == status}
    found = {path: kept.get(path) or [*status, _checksum(path)] for path, status in current.items()}
    readable = {path: entry for path, entry in found.items() if not entry[-1].startswith(NEVER)}
    if readable != known:
        files.write_json(where, readable)
    return _joined(entry[-1] for entry in found.values())


def _status(path: str) -> list[int]:
    inside = picture_files.member(path)
    try:
        status = os.stat(inside.tar if inside else path)
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _checksum(path: str) -> str:
    try:
        return picture_files.sha256(path)
    except (OSError, InputError):  # the job itself says which picture cannot be read, and why
        return f"{NEVER}{uuid.uuid4().hex}"


def _joined(checksums: Iterable[str]) -> str:
    """Return one checksum of all, or one that cannot be equal to any other where one of them cannot."""
    checksums = list(checksums)
    if never := next((checksum for checksum in checksums if checksum.startswith(NEVER)), ""):
        return never
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()
