import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from spml.evaluation.confusion import confusion, hard_positives, soft_positives

RANDOM = np.random.RandomState(1)
TRUE = (RANDOM.rand(80, 3) < 0.4).astype(np.int8)
PREDICTED = RANDOM.rand(80, 3) < 0.5


def test_precision_recall_and_f1_are_scikit_learns():
    for axis, average in ((None, "micro"), (0, None)):
        counts = confusion(PREDICTED, TRUE, axis)
        for found, score in ((counts.precision, precision_score), (counts.recall, recall_score), (counts.f1, f1_score)):
            assert found == pytest.approx(score(TRUE, PREDICTED, average=average))


def test_unknown_entries_count_nowhere():
    unknown = RANDOM.rand(80, 3) < 0.3
    found = confusion(PREDICTED, np.where(unknown, -1, TRUE))
    wanted = confusion(PREDICTED[~unknown], TRUE[~unknown])
    assert (found.true_positives, found.predicted, found.present) == (
        wanted.true_positives,
        wanted.predicted,
        wanted.present,
    )


def test_fractions_of_nothing_are_undefined():
    counts = confusion(np.zeros((2, 1), bool), np.zeros((2, 1), np.int8))
    assert np.isnan([counts.precision, counts.recall, counts.f1]).all()


def test_soft_targets_count_by_value_or_from_a_half_on():
    targets = np.array([[0.75, 0.5, 0.25, 0.0]], np.float16)
    assert soft_positives(targets).tolist() == [[0.75, 0.5, 0.25, 0.0]]
    assert hard_positives(targets).tolist() == [[True, True, False, False]]
    assert soft_positives(np.array([1, 0, -1], np.int8)).tolist() == [1.0, 0.0, 0.0]
