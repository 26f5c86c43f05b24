"""Random streams: each is seeded by the names and numbers of its use, never by earlier draws."""

import hashlib

import numpy as np


def seed_for(*parts: object) -> int:
    """Return a 63-bit seed from the names and numbers that identify a stream."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def shuffle(rows: int, *numbers: int) -> np.ndarray:
    """Return a permutation int64 [rows] for these numbers: for seed, batch size and epoch, the same for all models."""
    bits = np.random.MT19937(np.random.SeedSequence(numbers))
    return np.random.RandomState(bits).permutation(rows)
