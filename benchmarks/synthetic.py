"""Random features with class structure, and files of features."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import common  # noqa: F401  # the library on the path
import numpy as np

from spml.artifacts import features


def draw(rows: int, width: int, categories: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features float16 [rows, width] and single positives int8 [rows, categories] that can be learnt from them."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((categories, width), np.float32)
    category = random.integers(0, categories, rows)
    features = np.empty((rows, width), np.float16)
    for start in range(0, rows, 4096):
        block = category[start : start + 4096]
        features[start : start + 4096] = 0.1 * centres[block] + random.standard_normal((len(block), width), np.float32)
    return features, np.eye(categories, dtype=np.int8)[category]


def write_shard(path: Path, image_id: Sequence[str], blocks: Iterable[np.ndarray], storage: str = "float16") -> None:
    """Write a shard with these features and placeholders for its settings."""
    features.write_shard(path, image_id, blocks, storage, **dict.fromkeys(features.SETTINGS[:-1], "x"))


def write_features(folder: Path, rows: int, blocks: Iterable[np.ndarray]) -> tuple[Path, Path]:
    """Write a file of features of one shard; return the paths of both."""
    shard, path = folder / "shard.h5", folder / "features.h5"
    write_shard(shard, list(map(str, range(rows))), blocks)
    features.join(path, [shard])
    return path, shard
