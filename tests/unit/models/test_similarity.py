from types import SimpleNamespace

import numpy as np
import pytest
import torch

from spml.models import similarity
from spml.models.export import Similarity
from spml.models.inference import predict

RANDOM = np.random.RandomState(0)
FEATURES = RANDOM.normal(size=(40, 6)).astype(np.float16)
TEXT = similarity.unit_rows(RANDOM.normal(size=(5, 6)))
OFFSET = RANDOM.normal(size=5).astype(np.float32) / 10


def by_definition(temperature):
    """The softmax of cosines, less the offsets and divided by the temperature, with loops in float64."""
    probability = np.empty((len(FEATURES), len(TEXT)))
    for row, picture in enumerate(FEATURES.astype(np.float64)):
        cosines = [picture @ text / np.linalg.norm(picture) / np.linalg.norm(text) for text in TEXT.astype(np.float64)]
        z = np.exp([(cosine - offset) / temperature for cosine, offset in zip(cosines, OFFSET, strict=True)])
        probability[row] = z / z.sum()
    return probability


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.05])
def test_logits_are_those_of_the_softmax_over_categories(temperature):
    logits = predict(similarity.head(TEXT, OFFSET, temperature), FEATURES)
    assert logits.dtype == np.float32 and logits.shape == (40, 5)
    assert 1 / (1 + np.exp(-logits.astype(np.float64))) == pytest.approx(by_definition(temperature), rel=2e-4)


def test_logits_are_finite_and_keep_their_order_at_any_temperature():
    logits = predict(similarity.head(TEXT, OFFSET, 1e-6), FEATURES)
    assert np.isfinite(logits).all()
    colder, warmer = (predict(similarity.head(TEXT, OFFSET, temperature), FEATURES) for temperature in (0.01, 1))
    assert (colder.argmax(1) == warmer.argmax(1)).all()
    ties = similarity.softmax_logits(np.zeros((1, 4), np.float32))
    assert 1 / (1 + np.exp(-ties)) == pytest.approx(np.full((1, 4), 0.25))


def test_the_length_of_a_picture_s_features_does_not_count_and_nothing_stays_nothing():
    weights = similarity.head(TEXT, OFFSET, 0.1)
    longer = FEATURES.astype(np.float32) * RANDOM.uniform(0.5, 4, (40, 1)).astype(np.float32)
    assert predict(weights, longer) == pytest.approx(predict(weights, FEATURES), abs=1e-3)
    assert np.isfinite(predict(weights, np.zeros((1, 6), np.float32))).all()


def test_offsets_are_the_mean_scores_of_the_rows_that_are_asked_for():
    stored = SimpleNamespace(read=lambda rows: FEATURES[rows])
    rows = np.array([1, 4, 7, 30])
    found = similarity.mean_scores(stored, rows, TEXT)
    assert found == pytest.approx((similarity.unit_rows(FEATURES[rows]) @ TEXT.T).mean(0), abs=1e-6)
    debiased = similarity.unit_rows(FEATURES[rows]) @ TEXT.T - found
    assert debiased.mean(0) == pytest.approx(np.zeros(5), abs=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 0.02])
def test_the_exported_head_computes_the_same(temperature):
    weights = similarity.head(TEXT, OFFSET, temperature)
    exported = Similarity(*(torch.from_numpy(weights[name]) for name in (similarity.WEIGHT, similarity.OFFSET)))
    with torch.no_grad():
        found = torch.sigmoid(exported(torch.from_numpy(FEATURES.astype(np.float32)))).numpy()
    wanted = 1 / (1 + np.exp(-predict(weights, FEATURES).astype(np.float64)))
    assert found == pytest.approx(wanted, abs=1e-5)
