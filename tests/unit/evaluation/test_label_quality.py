import numpy as np
import pytest

from spml.evaluation import label_quality
from spml.evaluation.label_counts import count


def test_targets_count_by_their_value():
    true, observed = np.array([[1, 0]], np.uint8), np.array([[1, 0]], np.int8)
    found = count(np.array([[0.75, 0.25]], np.float16), observed, true)
    assert (found["positives_per_image"], found["precision"], found["recall"]) == (1.0, 0.75, 0.75)
    assert found["observed_positives_lost"] == 0
    assert count(np.array([[-1, 1]], np.int8), observed, true)["ignored_per_image"] == 1.0


def test_quality_by_category_against_counting_by_hand():
    random = np.random.RandomState(0)
    pseudo = random.choice([-1, 0, 1], (50, 3), p=[0.1, 0.6, 0.3]).astype(np.int8)
    true, observed = (random.rand(50, 3) < 0.4).astype(np.uint8), np.zeros((50, 3), np.int8)
    observed[0] = true[0]
    table = label_quality.by_category(pseudo, observed, true)
    instead, images = label_quality.confusions(pseudo, true, 3)
    confused = {(i, j): images[i, place] for i in range(3) for place, j in enumerate(instead[i])}
    assert len(confused) == 9 and (np.diff(images) <= 0).all()
    assert (label_quality.confusions(pseudo, true, 2)[1] == images[:, :2]).all()
    for i in range(3):
        right = sum(pseudo[n, i] == 1 and true[n, i] == 1 for n in range(50))
        row = table.loc[i]
        assert (row["right"], row["true"], row["pseudo"]) == (right, true[:, i].sum(), (pseudo[:, i] == 1).sum())
        assert row["precision"] == pytest.approx(right / row["pseudo"])
        assert row["recall"] == pytest.approx(right / row["true"])
        assert (row["ignored"], row["observed"]) == ((pseudo[:, i] == -1).sum(), observed[:, i].sum())
        for j in range(3):
            wanted = [
                n for n in range(50) if true[n, i] == 1 and pseudo[n, i] == 0 and true[n, j] == 0 and pseudo[n, j] == 1
            ]
            assert confused[i, j] == len(wanted)


def test_nothing_judged_has_no_precision():
    table = label_quality.by_category(np.zeros((2, 1), np.int8), np.zeros((2, 1), np.int8), np.zeros((2, 1), np.uint8))
    assert table[["precision", "recall"]].isna().all(axis=None)
