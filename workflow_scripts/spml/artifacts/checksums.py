"""Checksums of files."""

import hashlib
import os
from pathlib import Path


def sha256(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    return digest(path, "sha256")


def digest(path: str | os.PathLike, algorithm: str) -> str:
    """Return the checksum of a file by one of hashlib's algorithms, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
