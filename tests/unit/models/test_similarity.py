import numpy as np
import pytest
import torch

from spml.models import similarity
from spml.models.export import Similarity
from spml.models.inference import predict

RANDOM = np.random.RandomState(0)
FEATURES = RANDOM.normal(size=(40, 6)).astype(np.float16)
CROPS = RANDOM.normal(size=(40, 3, 6)).astype(np.float16)
TEXT = similarity.unit_rows(RANDOM.normal(size=(5, 6)))
OFFSET = RANDOM.normal(size=5).astype(np.float32) / 10
TAKEN_TOGETHER = ["maximum", "attention"]


def head(temperature, crops="mean"):
    """A head with offsets."""
    return similarity.head(TEXT, temperature, crops) | {similarity.OFFSET: OFFSET / np.float32(temperature)}


def cosines(features):
    return [
        [picture @ text / np.linalg.norm(picture) / np.linalg.norm(text) for text in TEXT.astype(np.float64)]
        for picture in features.astype(np.float64)
    ]


def softmax(cosines, temperature):
    """The softmax of cosines, less the offsets and divided by the temperature, with loops in float64."""
    probability = np.empty((len(cosines), len(TEXT)))
    for row, own in enumerate(cosines):
        z = np.exp([(cosine - offset) / temperature for cosine, offset in zip(own, OFFSET, strict=True)])
        probability[row] = z / z.sum()
    return probability


def probabilities(logits):
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.05])
def test_logits_are_those_of_the_softmax_over_categories(temperature):
    logits = predict(head(temperature), FEATURES)
    assert logits.dtype == np.float32 and logits.shape == (40, 5)
    assert probabilities(logits) == pytest.approx(softmax(cosines(FEATURES), temperature), rel=2e-4)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
@pytest.mark.parametrize("crops", TAKEN_TOGETHER)
def test_crops_are_taken_together_by_the_nearest_or_by_attention(crops, temperature):
    each = np.array([cosines(pictures) for pictures in CROPS])
    if crops == "maximum":
        together = each.max(1)
    else:
        weight = np.exp(each / temperature)
        together = (weight * each).sum(1) / weight.sum(1)
    logits = predict(head(temperature, crops), CROPS)
    assert probabilities(logits) == pytest.approx(softmax(together, temperature), rel=5e-4)
    assert similarity.takes_crops(head(1, crops)) and not similarity.takes_crops(head(1))


@pytest.mark.parametrize("crops", TAKEN_TOGETHER)
def test_equal_crops_are_as_one_picture(crops):
    same = np.repeat(FEATURES[:, None], 3, axis=1)
    assert predict(head(0.1, crops), same) == pytest.approx(predict(head(0.1), FEATURES), abs=1e-4)


def test_logits_are_finite_and_keep_their_order_at_any_temperature():
    assert np.isfinite(predict(head(1e-6), FEATURES)).all()
    colder, warmer = (predict(head(temperature), FEATURES) for temperature in (0.01, 1))
    assert (colder.argmax(1) == warmer.argmax(1)).all()
    ties = similarity.softmax_logits(np.zeros((1, 4), np.float32))
    assert probabilities(ties) == pytest.approx(np.full((1, 4), 0.25))


def test_the_length_of_a_picture_s_features_does_not_count_and_nothing_stays_nothing():
    longer = FEATURES.astype(np.float32) * RANDOM.uniform(0.5, 4, (40, 1)).astype(np.float32)
    assert predict(head(0.1), longer) == pytest.approx(predict(head(0.1), FEATURES), abs=1e-3)
    assert np.isfinite(predict(head(0.1), np.zeros((1, 6), np.float32))).all()


@pytest.mark.parametrize(("crops", "features"), [("mean", FEATURES), ("maximum", CROPS), ("attention", CROPS)])
def test_offsets_are_the_mean_scores_of_the_rows_that_are_asked_for(crops, features, monkeypatch):
    monkeypatch.setattr(similarity, "ROWS", 16)
    rows = np.array([1, 4, 7, 30])
    weights = similarity.debiased(similarity.head(TEXT, 0.5, crops), lambda numbers: features[numbers], rows)
    scores = similarity.scores(weights, features[rows]) - weights[similarity.OFFSET]
    assert scores.mean(0) == pytest.approx(np.zeros(5), abs=1e-6)
    assert weights[similarity.OFFSET].any()


@pytest.mark.parametrize("temperature", [1.0, 0.02])
@pytest.mark.parametrize(("crops", "features"), [("", FEATURES), ("maximum", CROPS), ("attention", CROPS)])
def test_the_exported_head_computes_the_same(temperature, crops, features):
    weights = head(temperature, crops)
    texts = (torch.from_numpy(weights[name]) for name in (similarity.WEIGHT, similarity.OFFSET))
    with torch.no_grad():
        found = torch.sigmoid(Similarity(*texts, crops)(torch.from_numpy(features.astype(np.float32)))).numpy()
    assert found == pytest.approx(probabilities(predict(weights, features)), abs=1e-5)
