"""Class priors without true labels: the formulas by hand, and data whose truth is known and hidden."""

import itertools
import math

import numpy as np
import pytest

from spml.labels import priors
from spml.labels.observation import UniformDraw


def test_observed_rates_count_observed_positives_alone():
    observed = np.array([[1, 0], [1, -1], [0, 1], [0, -1]], np.int8)
    np.testing.assert_allclose(priors.observed_rates(observed), [0.5, 0.25])


@pytest.mark.parametrize(
    "rates, labels_per_image, expected",
    [
        ([0.5, 0.3, 0.2], 2.0, [1.0, 0.6, 0.4]),
        ([0.7, 0.2, 0.1], 2.0, [1.0, 2 / 3, 1 / 3]),  # the first is capped, the others share what is left
        ([0.7, 0.2, 0.1], 0.5, [0.7, 0.2, 0.1]),  # not less than was observed
        ([0.7, 0.3, 0.0], 3.0, [1.0, 1.0, 0.0]),  # what is never observed stays at 0
        ([0.9, 0.45, 0.15], 2.2, [1.0, 0.9, 0.3]),
    ],
)
def test_scaled_rates_sum_to_the_users_number(rates, labels_per_image, expected):
    np.testing.assert_allclose(priors.scaled_rates(np.array(rates), labels_per_image), expected)


def test_crisp_takes_the_threshold_of_the_lowest_bound():
    logits = np.array([[4.0], [3.0], [2.0], [1.0], [0.0], [-1.0], [-2.0], [-3.0]])
    observed = np.array([[1], [0], [1], [0], [0], [0], [0], [0]], np.int8)
    # above 2: q = 3/8, q+ = 1; above 4: q = 1/8, q+ = 1/2
    error = math.sqrt(math.log(4 / 0.1) / 2) * (8**-0.5 + 2**-0.5)
    assert (3 / 8 + 1.01 * error) / 1 < (1 / 8 + 1.01 * error) / 0.5
    np.testing.assert_allclose(priors.crisp_rates(logits, observed), [3 / 8])


def test_crisp_of_a_category_that_is_never_observed_is_0():
    assert priors.crisp_rates(np.zeros((4, 1)), np.zeros((4, 1), np.int8)) == [0]


@pytest.mark.parametrize("observed", [[1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 0, -1, 0], [-1, 0, 1, 1, 1]])
def test_expected_labels_are_those_of_the_sum_over_all_sets_of_labels(observed):
    probability = np.random.default_rng(0).uniform(0.05, 0.95, 5)
    row = np.array(observed, np.int8)
    total, present = 0.0, np.zeros(5)
    for labels in map(np.array, itertools.product([0, 1], repeat=5)):
        if (labels[row == 1] == 0).any() or (labels[row == -1] == 1).any():
            continue
        chance = np.where(labels == 1, probability, 1 - probability).prod() / math.comb(labels.sum(), (row == 1).sum())
        total, present = total + chance, present + chance * labels
    found = priors.expected_labels(probability[None], row[None])
    np.testing.assert_allclose(found[0], present / total, rtol=1e-12)


def test_a_row_without_an_observed_positive_has_no_label():
    assert not priors.expected_labels(np.full((1, 3), 0.5), np.zeros((1, 3), np.int8)).any()


def drawn(rows, rates, spread, seed):
    """Return true labels of these rates, each image with at least one, the logits that they were drawn by, and observed ones."""
    random = np.random.default_rng(seed)
    logits = np.log(rates / (1 - rates)) * 1.5 + spread * random.standard_normal((rows, len(rates)))
    true = (random.random(logits.shape) < priors._sigmoid(logits)).astype(np.int8)
    kept = true.any(1)
    return true[kept], logits[kept], UniformDraw(seed).observe(true[kept])


def test_the_fixed_point_finds_hidden_rates_of_a_teacher_whose_logits_are_not_calibrated():
    true, logits, observed = drawn(1500, np.linspace(0.05, 0.5, 10), 4.0, 3)
    rates = true.mean(0)
    found = priors.fixed_point_rates(0.3 * logits - 2, observed)
    assert abs(found.sum() / rates.sum() - 1) < 0.1
    assert np.abs(found - rates).max() < 0.06
    assert observed.sum() < 0.5 * true.sum()  # the observed rates are far from them
    assert np.abs(priors.crisp_rates(logits, observed) - rates).mean() > np.abs(found - rates).mean()


def test_the_number_of_labels_is_estimated_on_some_rows_where_there_are_many(monkeypatch):
    _, logits, observed = drawn(1500, np.linspace(0.05, 0.5, 10), 4.0, 3)
    whole = priors.estimated_number(logits, observed)
    monkeypatch.setattr(priors, "ROWS", 700)
    some = priors.estimated_number(logits, observed)
    assert some == priors.fixed_point_rates(logits[::3], observed[::3]).sum() == pytest.approx(whole, rel=0.05)


def test_estimated_rates_have_the_shape_of_the_observed_ones_and_the_sum_of_the_fixed_point():
    true, logits, observed = drawn(1500, np.linspace(0.05, 0.5, 10), 4.0, 3)
    rates, held_out = priors.observed_rates(observed), np.arange(0, len(true), 3)
    found = priors.estimated_rates(rates, logits[held_out], observed[held_out])
    np.testing.assert_allclose(found / found[0], rates / rates[0])
    assert found.sum() == pytest.approx(priors.fixed_point_rates(logits[held_out], observed[held_out]).sum())
    assert abs(found.sum() / true.mean(0).sum() - 1) < 0.1
