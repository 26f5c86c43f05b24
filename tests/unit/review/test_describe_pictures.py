import numpy as np

from spml.artifacts import pictures
from spml.review import describe


def test_a_shard_of_pictures_shows_their_number_and_size_and_one_of_them(tmp_path):
    pixels = np.full((2, 6, 6, 3), 7, np.uint8)
    pixels[1, 0] = 0
    pictures.write_shard(tmp_path / "00000.h5", ["a", "b"], [pixels], "bilinear")
    shown = "\n".join(describe.describe(tmp_path / "00000.h5"))
    assert "6 x 6 pixels" in shown and "bilinear" in shown and "images         2" in shown
    one = "\n".join(describe.describe(tmp_path / "00000.h5", "b"))
    assert "mean 5.8333, from 0.0000 to 7.0000, 18 are 0" in one
