"""Features of COCO's size with class structure, drawn."""

import numpy as np


def draw(rows: int, width: int, categories: int) -> tuple[np.ndarray, np.ndarray]:
    """Features float16 [rows, width] and single positives int8 [rows, categories] that can be learnt from them."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((categories, width), np.float32)
    category = random.integers(0, categories, rows)
    features = np.empty((rows, width), np.float16)
    for start in range(0, rows, 4096):
        part = category[start : start + 4096]
        features[start : start + 4096] = 0.1 * centres[part] + random.standard_normal((len(part), width), np.float32)
    return features, np.eye(categories, dtype=np.int8)[category]
