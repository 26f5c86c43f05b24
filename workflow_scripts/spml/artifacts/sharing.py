"""Features that clones share: what the key of a shard covers, so that equal keys mean equal features and equal records.

Snakemake's cache between workflows names an output by a checksum of the script, its params, the code, and of how the
inputs that rules make were made. It sees neither the bytes of pictures, which are no inputs, nor which shard it is.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from spml.artifacts import manifest, records, regular_files
from spml.artifacts.checksums import sha256
from spml.runtime import files
from spml.runtime.errors import InputError

MISSING = "missing"  # in place of a checksum: the job itself says which picture cannot be read, and why


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


def require_same(images: str, shared: Mapping[str, Any]) -> None:
    """Raise InputError where the pictures are other ones than those of a key; all of them are read."""
    if _joined(map(_checksum, manifest.read(images).path)) != shared["pictures"]:
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
    if found != known:
        files.write_json(where, found)
    return _joined(entry[-1] for entry in found.values())


def _status(path: str) -> list[int]:
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _checksum(path: str) -> str:
    try:
        with regular_files.open_to_read(path):
            return sha256(path)
    except (OSError, InputError):
        return MISSING


def _joined(checksums: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()
