"""Thresholds of predictions: of high F1, drawn towards that of all categories, or by a number of labels per image."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from spml.evaluation import thresholds
from spml.evaluation.thresholds import best_threshold, by_category, by_labels_per_image

RANDOM = np.random.RandomState(3)
PROBABILITY = RANDOM.rand(400, 5)
TRUE = (RANDOM.rand(400, 5) > 0.6).astype(np.int8)


def logit(probability):
    return np.log(probability / (1 - probability))


def test_the_best_threshold_is_that_of_the_highest_f1():
    for column in range(5):
        tried = [f1_score(TRUE[:, column], PROBABILITY[:, column] > t) for t in np.linspace(0, 1, 100)]
        best = f1_score(
            TRUE[:, column], PROBABILITY[:, column] > best_threshold(PROBABILITY[:, column], TRUE[:, column])
        )
        assert best >= max(tried) - 1e-9


def test_a_category_is_drawn_to_all_categories_by_its_positives():
    true = TRUE.copy()
    true[:, 3] = 0
    true[np.argmin(PROBABILITY[:, 3]), 3] = 1  # one positive, the least probable of all: its own threshold is 0
    true[:, 4] = 0
    found = by_category(PROBABILITY, true)
    positives = true.sum(0)
    assert found.share == pytest.approx(positives / (positives + thresholds.WEIGHT))
    for column in range(3):
        own = best_threshold(PROBABILITY[:, column], true[:, column])
        share = found.share[column]
        wanted = share * np.clip(logit(own), -30, 30) + (1 - share) * logit(found.overall)
        assert logit(found.values[column]) == pytest.approx(wanted)
    assert found.values[4] == found.overall and found.source(4) == "all categories"
    assert found.source(3) == "2 % its own" and found.source(0) == f"{100 * found.share[0]:.0f} % its own"


def test_one_positive_does_not_wreck_the_predictions_of_a_category():
    """153 of 188 photographs were called "surfboard", of which 3 had one: validation had a single, improbable positive."""
    random = np.random.RandomState(0)
    true = (random.rand(60, 20) < 0.1).astype(np.int8)
    probability = np.clip(0.1 + 0.5 * true + 0.1 * random.randn(60, 20), 0.001, 0.999)
    true[:, 0], probability[:, 0] = 0, 0.1 + 0.1 * random.rand(60)
    true[0, 0], probability[0, 0] = 1, 0.101
    new = 0.1 + 0.1 * random.rand(188)  # of the category, on new pictures
    own = best_threshold(probability[:, 0], true[:, 0])
    assert (new > own).sum() > 150 and (new > by_category(probability, true).values[0]).sum() < 10


@pytest.mark.parametrize("number", [0.5, 1.0, 2.5])
def test_a_number_of_labels_per_image_needs_no_truth(number):
    found = by_labels_per_image(PROBABILITY, number)
    assert (found.overall < PROBABILITY).sum() / 400 == pytest.approx(number, abs=0.01)
    assert (found.values == found.overall).all() and not found.share.any()


def test_a_category_whose_probabilities_hardly_differ_is_not_in_every_picture():
    """One threshold of all categories took "bottle" to be in 188 of 188 photographs: its probabilities were 0.08 to 0.22."""
    random = np.random.RandomState(2)
    flat = 0.30 + 0.05 * random.rand(200, 1)
    others = np.where(random.rand(200, 9) < 0.2, 0.6, 0.02) * (0.5 + random.rand(200, 9))
    probability = np.hstack([flat, others])
    rates = np.array([6.0, *[10.0] * 9]) / 100
    before, after = by_labels_per_image(probability, 3.0), by_labels_per_image(probability, 3.0, rates)
    assert (probability > before.values).mean(0)[0] == 1
    share = (probability > after.values).mean(0)
    assert share[0] == pytest.approx(thresholds.MOST * 3.0 * 6 / 96, abs=0.01)
    assert share.sum() == pytest.approx(3.0, abs=0.02) and after.overall < before.overall  # the others have its labels
    assert after.source(0) == "its own, since few pictures have its tag" and after.source(1) == "all categories"


def test_rates_that_allow_all_labels_change_nothing():
    one, other = (
        by_labels_per_image(PROBABILITY, 1.5),
        by_labels_per_image(PROBABILITY, 1.5, np.ones(PROBABILITY.shape[1])),
    )
    assert (one.values == other.values).all() and not other.by_rate.any()


def test_more_labels_than_categories_are_all_of_them():
    assert (by_labels_per_image(PROBABILITY, 9).overall < PROBABILITY).all()


def test_certain_probabilities_are_no_error():
    probability = np.array([[0.0, 1.0], [1.0, 0.0]])
    true = np.array([[0, 1], [1, 0]], np.int8)
    assert ((probability > by_category(probability, true).values) == true).all()
    assert ((probability > by_labels_per_image(probability, 1).overall) == true).all()


def test_a_document_has_the_thresholds_and_what_chose_them():
    names = list("abcde")
    by_truth, by_number = by_category(PROBABILITY, TRUE), by_labels_per_image(PROBABILITY, 2.5)
    document = by_truth.document(names)
    assert document["labels_per_image"] is None and document["threshold"] == by_truth.overall
    assert list(document["thresholds"].values()) == by_truth.values.tolist()
    assert document["threshold_sources"]["b"] == by_truth.source(1)
    assert by_number.document(names)["labels_per_image"] == 2.5
