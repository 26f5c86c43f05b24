import json

import numpy as np

from spml.artifacts import hdf5
from spml.review import describe


def test_a_file_of_text_features_shows_the_texts_of_each_category(tmp_path):
    path = tmp_path / "clip.h5"
    texts = [json.dumps(own) for own in (["a photo of a cat.", "a kitten"], ["a photo of a dog."])]
    strings = {"category": ["cat", "dog"], "text": texts}
    hdf5.write(
        path, "text_features", {"feature": np.ones((2, 3), np.float32)}, strings, model="ViT-B-16", temperature=0.01
    )
    shown = "\n".join(describe.describe(path))
    assert "ViT-B-16" in shown and "0.01" in shown
    assert "a photo of a cat.; a kitten" in shown and "dog" in shown
