import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from spml.evaluation import bootstrap

RANDOM = np.random.RandomState(0)
LABELS = (RANDOM.rand(120, 5) < 0.3).astype(np.uint8)
PROBABILITIES = np.round(np.clip(0.5 * LABELS + RANDOM.rand(120, 5) * 0.6, 0, 1), 2)  # with ties


def test_reweighting_is_repeating_each_image_as_often_as_it_was_drawn():
    counts = bootstrap.resample_counts(len(LABELS), 300, 3)  # more than go at a time
    assert (counts.sum(0) == len(LABELS)).all()
    for category in range(5):
        scores, labels = PROBABILITIES[:, category], LABELS[:, category]
        found = bootstrap.resampled_average_precision(scores, labels, counts)
        for resample in (0, 1, 127, 128, 299):
            drawn = np.repeat(np.arange(len(labels)), counts[:, resample])
            assert found[resample] == pytest.approx(average_precision_score(labels[drawn], scores[drawn]))


def test_a_category_that_lost_its_positives_is_left_out_of_a_resample():
    labels = np.array([[1, 1], [0, 1], [0, 0]])
    counts = np.array([[0, 1], [2, 1], [1, 1]], np.uint8)
    scores = np.array([[0.9, 0.2], [0.5, 0.7], [0.1, 0.3]])
    found = bootstrap.resampled_average_precision(scores[:, 0], labels[:, 0], counts)
    assert np.isnan(found[0]) and found[1] == 1.0
    assert bootstrap.resampled_map(scores, labels, counts)[0] == pytest.approx(100.0)


def test_the_interval_holds_what_it_should():
    """Of a difference known to be 0.5 in the mean, with test sets drawn again and again."""
    random, hits = np.random.RandomState(1), 0
    for trial in range(200):
        differences = random.randn(80) + 0.5
        counts = bootstrap.resample_counts(80, 200, trial)
        low, high = bootstrap.interval((counts * differences[:, None]).mean(0))
        hits += low <= 0.5 <= high
    assert 0.88 <= hits / 200 <= 0.99
