"""Scores to probabilities: scikit-learn's fit where there are labels enough, and no ranking that changes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from spml.evaluation import platt
from spml.evaluation.average_precision import average_precision


def drawn(rows, offsets, slope=3.0, seed=0):
    random = np.random.RandomState(seed)
    scores = 0.5 * random.randn(rows, len(offsets))
    probability = 1 / (1 + np.exp(-(slope * scores + offsets)))
    return scores.astype(np.float32), (random.rand(rows, len(offsets)) < probability).astype(np.int8)


def test_many_labels_give_the_fit_of_each_category():
    scores, labels = drawn(20000, np.array([0.0, -2.0]))
    slope, offset = platt.fit_logits(scores, labels)
    for column in range(2):
        wanted = LogisticRegression(C=np.inf, tol=1e-8).fit(scores[:, [column]], labels[:, column])
        assert slope[column] == pytest.approx(wanted.coef_[0, 0], rel=0.01)
        assert offset[column] == pytest.approx(wanted.intercept_[0], abs=0.02)


def test_few_positives_keep_the_slope_of_all_and_their_own_rate():
    scores, labels = drawn(4000, np.array([-1.0, -1.0, -1.0]))
    labels[:, 2] = 0
    labels[[5, 9], 2] = 1
    slope, offset = platt.fit_logits(scores, labels)
    assert slope[2] == pytest.approx(slope[:2].mean(), rel=0.5)
    probability = 1 / (1 + np.exp(-(scores[:, 2] * slope[2] + offset[2])))
    assert 2 / 4000 <= probability.mean() <= 4 / 4000


def test_no_ranking_changes_even_where_scores_are_the_wrong_way_round():
    scores, labels = drawn(500, np.array([-1.0, 0.0]))
    scores[:, 0] *= -1
    slope, offset = platt.fit_logits(scores, labels)
    assert (slope > 0).all()
    wanted = average_precision(scores.astype(np.float64), labels)
    np.testing.assert_array_equal(average_precision(scores * slope + offset, labels), wanted)
    probability = 1 / (1 + np.exp(-(scores * slope + offset)))
    np.testing.assert_allclose(probability.mean(0), labels.mean(0), atol=0.01)


def test_unknown_entries_are_left_out_and_a_category_without_positives_has_the_fit_of_all():
    scores, labels = drawn(3000, np.array([-1.0, -1.0, -1.0]))
    spoiled, unknown = scores.copy(), labels.copy()
    spoiled[::3], unknown[::3] = 77.0, -1
    rest = np.arange(3000) % 3 > 0
    for found, wanted in zip(
        platt.fit_logits(spoiled, unknown), platt.fit_logits(scores[rest], labels[rest]), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    labels[:, 1] = 0
    slope, offset = platt.fit_logits(scores, labels)
    flat = platt.fit_logits(scores.reshape(-1, 1), labels.reshape(-1, 1))
    assert slope[1] == pytest.approx(flat[0][0], rel=0.01) and offset[1] == pytest.approx(flat[1][0], abs=0.02)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_few_rows_give_finite_numbers(rows):
    scores, labels = np.zeros((rows, 3), np.float32), np.zeros((rows, 3), np.int8)
    labels[0, 0] = 1
    slope, offset = platt.fit_logits(scores, labels)
    assert np.isfinite(slope).all() and np.isfinite(offset).all() and (slope > 0).all()


def test_categories_that_are_told_apart_without_fail_have_finite_slopes():
    scores = np.linspace(-1, 1, 200, dtype=np.float32).reshape(-1, 1)
    slope, offset = platt.fit_logits(scores, (scores > 0).astype(np.int8))
    assert np.isfinite(slope).all() and np.isfinite(offset).all()
    assert 1 < slope[0] < 1e4


def test_blocks_of_categories_change_nothing_but_the_sample_of_the_common_fit(monkeypatch):
    scores, labels = drawn(3000, np.array([-1.0, 0.0, -2.0]))
    whole = platt.fit_logits(scores, labels)
    monkeypatch.setattr(platt, "ENTRIES", 4500)
    for found, wanted in zip(platt.fit_logits(scores, labels), whole, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0.02)
