import numpy as np
import pytest

from spml.artifacts import features
from spml.artifacts.crop_features import CropFeatures
from spml.runtime.errors import InputError

SETTINGS = {"backbone": "b", "weights_sha256": "w", "view": "pooled", "preprocessing": "p", "precision": "float32"}


def write(folder, crops, keep_crops=True):
    """Write the crops [N, K, D] of images in two shards, and the file that joins them."""
    shards = []
    for number, rows in enumerate((crops[:3], crops[3:])):
        path = folder / f"{number:05}.h5"
        ids = [f"{number}_{row}" for row in range(len(rows))]
        features.write_shard(path, ids, [rows[:2], rows[2:]], "float16", keep_crops=keep_crops, **SETTINGS)
        shards.append(path)
    features.join(folder / "train.h5", shards)
    return folder / "train.h5"


def test_crops_are_read_across_shards_in_any_order_beside_their_mean(tmp_path):
    crops = np.random.RandomState(0).normal(size=(7, 5, 4)).astype(np.float32)
    rows = np.array([6, 0, 3, 2])
    with features.reading(write(tmp_path, crops)) as stored:
        found = CropFeatures(stored).read(rows)
        assert found.dtype == np.float16 and (found == crops[rows].astype(np.float16)).all()
        assert (stored.read(rows) == crops[rows].mean(1).astype(np.float16)).all()


def test_features_without_crops_are_refused(tmp_path):
    path = write(tmp_path, np.ones((5, 2, 4), np.float32), keep_crops=False)
    with features.reading(path) as stored, pytest.raises(InputError, match="found no data set 'crop_feature'"):
        CropFeatures(stored)
