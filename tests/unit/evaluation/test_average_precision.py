import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from spml.evaluation.average_precision import average_precision, mean_average_precision


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_scikit_learn(ties, dtype):
    random = np.random.RandomState(3)
    scores = random.randn(300, 7).astype(dtype)
    if ties:
        scores = np.round(scores * 2) / 2
    labels = (random.rand(300, 7) < 0.2).astype(np.uint8)
    wanted = [average_precision_score(labels[:, i], scores[:, i]) for i in range(7)]
    np.testing.assert_allclose(average_precision(scores, labels), wanted, atol=1e-12, rtol=0)


def test_all_scores_equal_gives_the_share_of_positives():
    assert average_precision(np.zeros((8, 1)), np.array([[1], [0], [0], [0]] * 2)) == pytest.approx([0.25])


def test_category_without_positives_is_zero_in_map_and_left_out_of_map_present():
    per_category = average_precision(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1, 0], [0, 0]]))
    assert np.isnan(per_category[1])
    assert mean_average_precision(per_category) == (50.0, 100.0)


def test_no_positive_at_all_is_zero():
    assert mean_average_precision(np.full(3, np.nan)) == (0.0, 0.0)
