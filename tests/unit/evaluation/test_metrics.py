import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score

from spml.evaluation import bootstrap, metrics, results

RANDOM = np.random.RandomState(0)
LABELS = (RANDOM.rand(120, 5) < 0.3).astype(np.uint8)
PROBABILITIES = np.round(np.clip(0.5 * LABELS + RANDOM.rand(120, 5) * 0.6, 0, 1), 2)  # with ties


def test_micro_average_precision_and_overall_f1_are_scikit_learns():
    wanted = 100 * average_precision_score(LABELS, PROBABILITIES, average="micro")
    assert metrics.micro_average_precision(PROBABILITIES, LABELS) == pytest.approx(wanted)
    overall, _ = metrics.f1(PROBABILITIES > 0.5, LABELS == 1)
    assert overall == pytest.approx(100 * f1_score(LABELS, PROBABILITIES > 0.5, average="micro"))


def test_category_f1_is_that_of_the_mean_precision_and_recall():
    predicted = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], bool)
    labels = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
    precision, recall = (1 / 2 + 1 + 0) / 3, (1 + 1 + 0) / 3
    assert metrics.f1(predicted, labels)[1] == pytest.approx(100 * 2 * precision * recall / (precision + recall))


def test_f1_of_no_prediction_is_zero():
    assert metrics.f1(np.zeros((3, 2), bool), np.ones((3, 2), bool)) == (0.0, 0.0)


def test_no_threshold_beats_the_chosen_one():
    chosen = metrics.best_threshold(PROBABILITIES, LABELS)
    best = metrics.f1(chosen < PROBABILITIES, LABELS == 1)[0]
    others = [metrics.f1(tau < PROBABILITIES, LABELS == 1)[0] for tau in np.linspace(0, 1, 501)]
    assert best == pytest.approx(max(others))


def test_without_positives_the_threshold_is_a_half():
    assert metrics.best_threshold(PROBABILITIES, np.zeros_like(LABELS)) == 0.5


def test_calibration_error_against_its_definition():
    bins, error = metrics.reliability(PROBABILITIES, LABELS), 0.0
    for number in range(metrics.BINS):
        inside = (PROBABILITIES * metrics.BINS).astype(int).clip(max=metrics.BINS - 1) == number
        if inside.any():
            error += abs(PROBABILITIES[inside].mean() - LABELS[inside].mean()) * inside.mean()
    assert metrics.calibration_error(bins) == pytest.approx(100 * error)
    assert sum(bins["entries"]) == LABELS.size


def test_a_calibrated_model_has_no_error():
    probabilities = np.repeat([0.25, 0.75], 400).reshape(-1, 1)
    labels = np.concatenate([np.arange(400) % 4 == 0, np.arange(400) % 4 != 0]).reshape(-1, 1)
    assert metrics.calibration_error(metrics.reliability(probabilities, labels)) == pytest.approx(0.0)


# -- the comparison


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


def model(kind, name, variant, seed, val, test):
    row = {"kind": kind, "name": name, "variant": variant, "tau": variant.removeprefix("tau_"), "seed": seed}
    row |= {"val_map": val, "test_map": test, "val_map_present": val + 1, "test_map_present": test + 1}
    return row | {"val_categories_present": 4, "test_categories_present": 4, "categories": 4}


def test_the_variant_is_chosen_on_validation(tmp_path):
    rows = []
    for seed in (2, 1):
        rows.append(model("teachers", "1e3", "", seed, 50, 40 + seed))
        rows.append(model("students", "NA", "tau_0.50", seed, 60 + seed, 10))
        rows.append(model("students", "NA", "tau_0.70", seed, 59 + seed, 90))
    pd.DataFrame(rows).to_csv(tmp_path / "map.csv", index=False)
    table = results.read_map(tmp_path / "map.csv")
    methods = results.methods(table)
    assert methods["chosen"].to_dict() == {
        ("students", "NA", "tau_0.50"): True,
        ("students", "NA", "tau_0.70"): False,
        ("teachers", "1e3", ""): True,
    }
    assert methods.loc[("teachers", "1e3", ""), "test_by_replicate"].tolist() == [41, 42]
    assert (table["scale"] == "mAP (%)").all()
    rows[0]["val_categories_present"] = 3
    pd.DataFrame(rows).to_csv(tmp_path / "map.csv", index=False)
    table = results.read_map(tmp_path / "map.csv")
    assert (table["scale"] == "mAP, categories present (%)").all() and table["test_score"].iloc[0] == 43
