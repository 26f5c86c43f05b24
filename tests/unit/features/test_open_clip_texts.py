from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from spml.features import text, weights
from spml.features.libraries import open_clip_texts
from spml.runtime.errors import InputError

CONFIG = {
    "embed_dim": 8,
    "vision_cfg": {"layers": 1, "width": 16, "head_width": 8, "patch_size": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
OPTIONS = {
    "model": "local-dir:clip",
    "weights": None,
    "image_size": None,
    "view": "pooled",
    "resize": "squash",
    "crops": 1,
}
TEXTS = ["a photo of a cat.", "a photo of a dining table."]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return open_clip.CLIP(**CONFIG).eval()


@pytest.fixture
def path(model, tmp_path):
    """A file of weights with the description of a model that OpenCLIP does not know by name."""
    preprocessing = {"mean": [0.5] * 3, "std": [0.5] * 3}
    path = tmp_path / "clip.safetensors"
    weights.write(path, model.state_dict(), {"config": {"model_cfg": CONFIG, "preprocess_cfg": preprocessing}})
    return str(path)


def test_texts_have_the_features_that_the_library_gives_them(model, path):
    loaded, tokenize, temperature = open_clip_texts.load(OPTIONS, path)
    found = text.encoded(loaded, tokenize, TEXTS)
    with torch.no_grad():
        wanted = model.encode_text(open_clip.SimpleTokenizer(context_length=12)(TEXTS)).numpy()
    assert found == pytest.approx(wanted, abs=1e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-3
    assert temperature == pytest.approx(0.07)  # that of a new model


def test_the_tokenizer_is_that_of_the_model():
    tokenize = open_clip_texts.tokenizer("ViT-B-16", None)
    assert torch.equal(tokenize(TEXTS), open_clip.get_tokenizer("ViT-B-16")(TEXTS))
    assert open_clip_texts.tokenizer("local-dir:clip", {"model_cfg": CONFIG})(TEXTS).shape == (2, 12)


@pytest.mark.parametrize("name", ["ViT-B-16-SigLIP", "xlm-roberta-base-ViT-B-32"])
def test_a_tokenizer_that_would_be_fetched_is_refused(name):
    message = (
        f"model: {name} has a tokenizer of its own, which is fetched and needs the package transformers; wanted a model"
    )
    with pytest.raises(InputError, match=message):
        open_clip_texts.tokenizer(name, None)


def test_a_tokenizer_that_a_description_names_is_refused(path):
    config = {"model_cfg": CONFIG | {"text_cfg": CONFIG["text_cfg"] | {"hf_tokenizer_name": "bert-base-uncased"}}}
    with pytest.raises(InputError, match="hf-hub:someone/model has a tokenizer of its own"):
        open_clip_texts.tokenizer("hf-hub:someone/model", config)


def test_every_model_that_the_page_names_has_the_tokenizer_of_the_library():
    page = (Path(__file__).parents[3] / "docs/text_teacher.md").read_text()
    for name in ("ViT-B-16", "ViT-L-14", "ViT-H-14-quickgelu", "EVA02-B-16"):
        assert f"`{name}`" in page
        open_clip_texts.tokenizer(name, None)
