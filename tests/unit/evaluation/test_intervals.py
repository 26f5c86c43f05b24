from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from spml.evaluation import intervals
from spml.evaluation.average_precision import average_precision

RANDOM = np.random.RandomState(0)
LABELS = (RANDOM.rand(120, 5) < [0.02, 0.05, 0.2, 0.3, 0.5]).astype(np.int8)
SCORES = np.round(np.clip(0.5 * LABELS + RANDOM.rand(*LABELS.shape) * 0.6, 0, 1), 2)  # with ties


def brute_force(scores, labels):
    """Remove each positive; remove half of each negative, which is a weight, and double the effect."""
    effects = np.zeros(len(labels))
    for row in range(len(labels)):
        weight = np.ones(len(labels))
        weight[row] = 0 if labels[row] else 0.5
        effects[row] = -average_precision_score(labels, scores, sample_weight=weight) * (1 if labels[row] else 2)
    for rows in (labels == 1, labels == 0):
        effects[rows] -= effects[rows].mean()
    positives = labels.sum()
    effects[labels == 1] *= np.sqrt((positives - 1) / positives)
    return effects


@pytest.mark.parametrize("category", range(5))
def test_effects_are_those_of_removing_images(category):
    scores, labels = SCORES[:, category], LABELS[:, category]
    value, effects = intervals.category_effects(scores, labels)
    assert value == pytest.approx(average_precision_score(labels, scores))
    assert effects == pytest.approx(brute_force(scores, labels))


def test_the_effects_of_categories_are_summed_by_image_with_any_number_of_threads():
    labels, scores = np.tile(LABELS, 9), np.tile(SCORES, 9)  # more than a strip
    found = intervals.map_effects(scores, labels)
    assert found.average_precision == pytest.approx(average_precision(scores, labels))
    every = [intervals.category_effects(scores[:, c], labels[:, c])[1] for c in range(45)]
    assert found.images == pytest.approx(np.mean(every, axis=0))
    with ThreadPoolExecutor(3) as executor:
        threaded = intervals.map_effects(scores, labels, executor.map)
    assert all((vars(found)[name] == vars(threaded)[name]).all() for name in vars(found))


def test_unknown_labels_and_categories_without_positives_are_left_out():
    labels, scores = LABELS.copy(), SCORES.copy()
    labels[:40, 3] = -1
    labels[:, 0] = 0
    found = intervals.map_effects(scores, labels)
    assert found.positives.tolist() == [(labels[:, c] == 1).sum() for c in range(1, 5)]
    alone = intervals.category_effects(scores[40:, 3], labels[40:, 3])
    whole = intervals.category_effects(scores[:, 3], labels[:, 3])
    assert whole[0] == alone[0] and (whole[1][40:] == alone[1]).all() and not whole[1][:40].any()


@pytest.mark.parametrize("freedom", [2, 3, 5, 20.5, 1000, np.inf])
def test_the_quantile_is_students(freedom):
    assert intervals.student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.01)


def effects(average_precision, positives, few=(), images=(0.01, -0.01)):
    return intervals.Effects(np.array(average_precision), np.array(images), np.array(few), np.array(positives))


def test_a_category_of_one_positive_has_the_variance_per_positive_of_those_of_a_few():
    """Two positives at ±0.1, of variance 0.04 about their mean for each; three at −0.1, 0 and 0.1, of 0.06."""
    found = effects([0.5, 0.5, 0.5], [1, 2, 3], [0.1, -0.1, -0.1, 0, 0.1])
    assert intervals.single_variance(found) == (pytest.approx((0.04 + 2 * 0.06) / 3), 3)
    added = (0.04 + 2 * 0.06) / 3 / 9
    assert intervals.standard_error(found)[0] == pytest.approx(np.sqrt(2e-4 + added))


def test_categories_of_one_positive_alone_vary_as_they_do_among_each_other():
    assert intervals.single_variance(effects([1.0, 0.5, 0.9], [1, 1, 30])) == (pytest.approx(0.125), 1)
    low, high = intervals.map_interval(effects([0.5, 0.9], [1, 30]))
    assert np.isnan(low) and np.isnan(high)  # one category of one positive: nothing to go by


def test_the_interval_of_a_map_stays_within_0_and_100_and_one_of_a_method_to_itself_is_0():
    found = intervals.map_effects(SCORES, LABELS)
    assert intervals.difference_interval(found - found) == (0, 0)
    low, high = intervals.map_interval(effects([0.98, 0.99], [20, 30], images=[0.02, -0.03, 0.01]))
    assert 0 < low < 98.5 < high < 100 and high - 98.5 < 98.5 - low
    assert intervals.map_interval(effects([1.0, 1.0], [20, 30], images=[0.0, 0.0])) == (100, 100)


def test_replicates_are_averaged_by_image():
    one, other = intervals.map_effects(SCORES, LABELS), intervals.map_effects(-SCORES, LABELS)
    mean = (one - one).plus(one, 0.5).plus(other, 0.5)
    for name in ("average_precision", "images", "few"):
        assert vars(mean)[name] == pytest.approx((vars(one)[name] + vars(other)[name]) / 2)


def test_intervals_hold_the_mean_as_often_as_they_say_with_one_or_two_positives_of_a_category():
    """Percentiles of a bootstrap of 200 resamples hold the mean mAP of these test sets in 85 %: the rest lie above it."""
    random = np.random.RandomState(2)
    positives = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8, 20, 40]
    labels = np.zeros((100, len(positives)), np.int8)
    for category, count in enumerate(positives):
        labels[random.permutation(100)[:count], category] = 1
    found = []
    for _ in range(300):
        shared = random.randn(*labels.shape) + 1.5 * labels
        one, other = (intervals.map_effects(shared + 0.5 * random.randn(*labels.shape), labels) for _ in range(2))
        found.append((one, other - one))
    for effects, interval in zip(
        zip(*found, strict=True), (intervals.map_interval, intervals.difference_interval), strict=True
    ):
        mean = 100 * np.mean([each.average_precision.mean() for each in effects])
        held = np.mean([low <= mean <= high for low, high in map(interval, effects)])
        assert 0.93 <= held <= 0.98
