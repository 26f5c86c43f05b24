"""Random streams: what is drawn depends on what it is drawn for, never on what was drawn before."""

import hashlib

import numpy as np


def seed_for(*parts: object) -> int:
    """A 63-bit seed from the names and numbers that identify a stream."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def shuffle(rows: int, seed: int, batch_size: int, epoch: int) -> np.ndarray:
    """The order of an epoch, a permutation int64 [rows]: the same for all models, so that comparisons are paired."""
    bits = np.random.MT19937(np.random.SeedSequence([seed, batch_size, epoch]))
    return np.random.RandomState(bits).permutation(rows)
