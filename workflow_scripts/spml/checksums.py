"""Checksums of files."""

import hashlib
import os
from pathlib import Path


def sha256(path: str | os.PathLike) -> str:
    """The file's SHA-256, hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
