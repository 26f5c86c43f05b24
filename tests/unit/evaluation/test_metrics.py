import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from spml.artifacts import blocks
from spml.evaluation import metrics, thresholds
from spml.evaluation.confusion import confusion
from spml.evaluation.thresholds import best_threshold

RANDOM = np.random.RandomState(0)
LABELS = (RANDOM.rand(120, 5) < 0.3).astype(np.uint8)
PROBABILITIES = np.round(np.clip(0.5 * LABELS + RANDOM.rand(120, 5) * 0.6, 0, 1), 2)  # with ties


def test_micro_average_precision_and_overall_f1_are_scikit_learns():
    found = metrics.evaluate(metrics.Predictions(PROBABILITIES, PROBABILITIES, LABELS, 0.3))
    assert found["micro_ap"] == pytest.approx(100 * average_precision_score(LABELS, PROBABILITIES, average="micro"))
    assert found["of1_chosen"] == pytest.approx(100 * f1_score(LABELS, PROBABILITIES > 0.3, average="micro"))
    assert found["of1"] == pytest.approx(100 * f1_score(LABELS, PROBABILITIES > 0.5, average="micro"))


def test_category_f1_is_that_of_the_mean_precision_and_recall():
    predicted = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], bool)
    labels = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
    precision, recall = (1 / 2 + 1 + 0) / 3, (1 + 1 + 0) / 3
    assert metrics.category_f1(confusion(predicted, labels, axis=0)) == pytest.approx(
        100 * 2 * precision * recall / (precision + recall)
    )


def test_f1_of_no_prediction_is_zero():
    counts = confusion(np.zeros((3, 2), bool), np.ones((3, 2), bool), axis=0)
    assert metrics.overall_f1(counts) == metrics.category_f1(counts) == 0.0


def test_no_threshold_beats_the_chosen_one():
    chosen = best_threshold(PROBABILITIES, LABELS)
    best = metrics.overall_f1(confusion(chosen < PROBABILITIES, LABELS, axis=0))
    others = [metrics.overall_f1(confusion(tau < PROBABILITIES, LABELS, axis=0)) for tau in np.linspace(0, 1, 501)]
    assert best == pytest.approx(max(others))


def test_without_positives_the_threshold_is_a_half():
    assert best_threshold(PROBABILITIES, np.zeros_like(LABELS)) == 0.5


def test_the_registry_names_each_metric_once_and_in_words():
    keys = [metric.key for metric in metrics.METRICS]
    assert len(set(keys)) == len(keys) == len({metric.title for metric in metrics.METRICS})
    found = metrics.evaluate(metrics.Predictions(PROBABILITIES, PROBABILITIES, LABELS, 0.3))
    assert list(found) == keys
    assert all(0 <= found[metric.key] <= 100 for metric in metrics.METRICS if metric.percent)


def test_a_metric_that_is_undefined_is_none():
    nothing = metrics.Predictions(PROBABILITIES, PROBABILITIES, np.zeros_like(LABELS), 0.3)
    found = metrics.evaluate(nothing)
    assert found["micro_ap"] is None and found["map"] == 0.0


@pytest.mark.parametrize(("entries", "columns"), [(1, 1), (17, 250)])
def test_blocks_of_any_size_give_the_same_numbers(monkeypatch, entries, columns):
    true = np.where(RANDOM.rand(*LABELS.shape) < 0.2, -1, LABELS.astype(np.int8)).astype(np.int8)

    def measured():
        predictions = metrics.Predictions(PROBABILITIES, PROBABILITIES, true, 0.3)
        chosen = thresholds.by_category(PROBABILITIES, true)
        same_for_all = thresholds.by_labels_per_image(PROBABILITIES, 1.5).overall
        reliability = predictions.sums.reliability
        return metrics.evaluate(predictions), reliability, chosen.values.tolist(), chosen.overall, same_for_all

    whole = measured()
    monkeypatch.setattr(blocks, "ENTRIES", entries)
    monkeypatch.setattr(blocks, "COLUMN_ENTRIES", columns)
    assert measured() == whole


def test_on_observed_labels_only_metrics_that_rank_are_measured():
    predictions = metrics.Predictions(PROBABILITIES, PROBABILITIES, LABELS, 0.3)
    found, whole = metrics.evaluate(predictions, on_observed=True), metrics.evaluate(predictions)
    ranks = {"map", "map_present", "micro_ap"}
    assert found == {key: value if key in ranks else None for key, value in whole.items()}
