"""Random streams: what is drawn depends on what it is drawn for, never on what was drawn before."""

import hashlib

import numpy as np


def seed_for(*parts: object) -> int:
    """A 63-bit seed from the names and numbers that identify a stream."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def shuffle(rows: int, *of: int) -> np.ndarray:
    """A permutation int64 [rows] for these numbers: for seed, batch size and epoch, it is the same for all models."""
    bits = np.random.MT19937(np.random.SeedSequence(of))
    return np.random.RandomState(bits).permutation(rows)
