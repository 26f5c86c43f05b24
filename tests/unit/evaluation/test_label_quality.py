import numpy as np
import pytest

from spml.evaluation.label_counts import LabelCounts
from spml.evaluation.label_quality import LabelQuality


def count(*matrices):
    counts = LabelCounts()
    counts.add(*matrices)
    return counts.row


def quality_of(pseudo, observed, true):
    quality = LabelQuality(true.shape[1])
    quality.add(pseudo, observed, true)
    return quality


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
    quality = quality_of(pseudo, observed, true)
    table = quality.by_category
    instead, images = quality.confusions(3)
    confused = {(i, j): images[i, place] for i in range(3) for place, j in enumerate(instead[i])}
    assert len(confused) == 9 and (np.diff(images) <= 0).all()
    assert (quality.confusions(2)[1] == images[:, :2]).all()
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
    table = quality_of(*np.zeros((3, 2, 1), np.int8)).by_category
    assert table[["precision", "recall"]].isna().all(axis=None)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("size", [1, 7])
def test_blocks_of_rows_add_up_to_all_rows(soft, size):
    random = np.random.RandomState(2)
    pseudo = random.choice([-1, 0, 1], (50, 9), p=[0.1, 0.5, 0.4]).astype(np.int8)
    if soft:
        pseudo = random.rand(50, 9).astype(np.float16)
    true, observed = (random.choice([-1, 0, 1], (50, 9)).astype(np.int8) for _ in range(2))
    quality, counts = LabelQuality(9), LabelCounts()
    for start in range(0, 50, size):
        block = [matrix[start : start + size] for matrix in (pseudo, observed, true)]
        quality.add(*block)
        counts.add(*block)
    whole = quality_of(pseudo, observed, true)
    assert counts.row == count(pseudo, observed, true)
    assert quality.by_category.equals(whole.by_category)
    for found, wanted in zip(quality.confusions(3), whole.confusions(3), strict=True):
        assert (found == wanted).all()
