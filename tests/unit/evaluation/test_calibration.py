import numpy as np
import pytest

from spml.evaluation import calibration


def bins_of(probability, true):
    reliability = calibration.Reliability()
    reliability.add(probability, true)
    return reliability.bins


RANDOM = np.random.RandomState(0)
LABELS = (RANDOM.rand(120, 5) < 0.3).astype(np.uint8)
PROBABILITIES = np.round(np.clip(0.5 * LABELS + RANDOM.rand(120, 5) * 0.6, 0, 1), 2)  # with ties


def test_calibration_error_against_its_definition():
    bins, error = bins_of(PROBABILITIES, LABELS), 0.0
    for number in range(calibration.BINS):
        inside = (PROBABILITIES * calibration.BINS).astype(int).clip(max=calibration.BINS - 1) == number
        if inside.any():
            error += abs(PROBABILITIES[inside].mean() - LABELS[inside].mean()) * inside.mean()
    assert calibration.calibration_error(bins) == pytest.approx(100 * error)
    assert sum(bins["entries"]) == LABELS.size


def test_a_calibrated_model_has_no_error():
    probabilities = np.repeat([0.25, 0.75], 400).reshape(-1, 1)
    labels = np.concatenate([np.arange(400) % 4 == 0, np.arange(400) % 4 != 0]).reshape(-1, 1)
    assert calibration.calibration_error(bins_of(probabilities, labels)) == pytest.approx(0.0)


def test_pooling_bins_is_binning_all_entries_together():
    parts = [bins_of(PROBABILITIES[rows], LABELS[rows]) for rows in (slice(50), slice(50, None))]
    whole = bins_of(PROBABILITIES, LABELS)
    assert all(calibration.pooled(parts)[key] == pytest.approx(whole[key]) for key in whole)
    assert np.isnan(calibration.calibration_error(calibration.pooled([])))


def test_blocks_of_entries_round_as_all_entries_together():
    reliability = calibration.Reliability()
    for rows in np.array_split(np.arange(len(LABELS)), 7):
        reliability.add(PROBABILITIES[rows] / 3, LABELS[rows])
    assert reliability.bins == bins_of(PROBABILITIES / 3, LABELS)
