"""Unknown true labels: every metric is that of the known ones alone."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from spml.artifacts import labels
from spml.artifacts.codes import LossLabel
from spml.evaluation import intervals, label_counts, label_quality, metrics, thresholds
from spml.evaluation.average_precision import average_precision
from spml.evaluation.thresholds import best_threshold
from spml.labels import observation, pseudo_labels
from spml.losses import targets
from spml.reporting import model_card
from spml.runtime.errors import InputError

RANDOM = np.random.RandomState(3)
TRUE = (RANDOM.rand(60, 4) < 0.4).astype(np.int8)
TRUE[RANDOM.rand(60, 4) < 0.3] = -1
TRUE[:, 3] = -1
SCORES = RANDOM.randn(60, 4).round(1)
OBSERVED = np.zeros(TRUE.shape, np.int8)
PSEUDO = (SCORES > 0.3).astype(np.int8)
KNOWN = TRUE >= 0


def test_average_precision_is_scikit_learns_on_the_known_rows():
    found = average_precision(SCORES.astype(np.float32), TRUE)
    for column in range(3):
        rows = KNOWN[:, column]
        wanted = average_precision_score(TRUE[rows, column], SCORES[rows, column].astype(np.float32))
        assert found[column] == pytest.approx(wanted)
    assert np.isnan(found[3])


def test_an_interval_is_about_the_map_of_what_is_known():
    effects = intervals.map_effects(SCORES, TRUE)
    assert effects.average_precision == pytest.approx(average_precision(SCORES, TRUE)[:3])
    assert not effects.images[~KNOWN.any(1)].any()


def count(*matrices):
    counts = label_counts.LabelCounts()
    counts.add(*matrices)
    return counts.row


def test_pseudo_labels_are_judged_where_the_truth_is_known():
    counts = count(PSEUDO, OBSERVED, TRUE)
    hits = ((PSEUDO == 1) & (TRUE == 1)).sum()
    assert counts["precision"] == pytest.approx(hits / ((PSEUDO == 1) & KNOWN).sum())
    assert counts["recall"] == pytest.approx(hits / (TRUE == 1).sum())
    assert counts["known_share"] == pytest.approx(KNOWN.mean())
    assert counts["true_positives_per_image"] == pytest.approx((TRUE == 1).sum() / KNOWN.sum() * 4)
    assert counts["positives_per_image"] == pytest.approx(PSEUDO.sum(1).mean())


def test_nothing_is_said_where_nothing_is_known():
    nothing = np.full(TRUE.shape, -1, np.int8)
    counts = count(PSEUDO, OBSERVED, nothing)
    assert counts["known_share"] == 0
    assert all(np.isnan(counts[key]) for key in ("precision", "recall", "true_positives_per_image"))
    assert np.isnan(labels.positives_per_image(nothing))


def test_label_quality_judges_the_known_and_takes_no_unknown_for_wrong():
    quality = label_quality.LabelQuality(4)
    quality.add(PSEUDO, OBSERVED, TRUE)
    table = quality.by_category
    assert table["known"].tolist() == KNOWN.sum(0).tolist()
    assert table["judged"].tolist() == ((PSEUDO == 1) & KNOWN).sum(0).tolist()
    assert np.isnan(table["precision"][3]) and table["pseudo"][3] > 0
    instead, images = quality.confusions(3)
    assert 3 not in instead[images > 0]


def test_thresholds_and_metrics_of_the_card_ignore_the_unknown():
    probability = pseudo_labels.probabilities(SCORES)
    found = thresholds.by_category(probability, TRUE)
    chosen, rows = found.values, KNOWN[:, 0]
    assert found.overall == best_threshold(probability[KNOWN], TRUE[KNOWN]) and chosen[3] == found.overall
    own = best_threshold(probability[rows, 0], TRUE[rows, 0])
    assert min(own, found.overall) <= chosen[0] <= max(own, found.overall)
    predictions = metrics.Predictions(SCORES, probability, TRUE, chosen)
    _, by_category = model_card.evaluate(predictions, list("abcd"))
    predicted = (probability > chosen) & KNOWN
    assert by_category["precision"][0] == pytest.approx(100 * TRUE[predicted[:, 0], 0].mean())
    assert by_category["test positives"][3] == "–"
    nothing = metrics.Predictions(SCORES, probability, np.full(TRUE.shape, -1, np.int8), chosen)
    assert model_card.evaluate(nothing, list("abcd"))[0] == {}
    assert set(metrics.evaluate(nothing).values()) == {None}


def test_every_metric_is_that_of_the_known_entries_alone():
    """Scores of unknown entries change no metric."""
    probability = pseudo_labels.probabilities(SCORES)
    rubbish = np.where(KNOWN, SCORES, 9.0)
    found = metrics.evaluate(metrics.Predictions(SCORES, probability, TRUE, 0.6))
    other = metrics.evaluate(metrics.Predictions(rubbish, pseudo_labels.probabilities(rubbish), TRUE, 0.6))
    assert found == other and None not in found.values()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_unknown_is_never_observed(weighted):
    if weighted:
        drawn = observation.WeightedDraw(TRUE.shape, 1200, 9, 9).observe(TRUE, np.ones(TRUE.shape))
    else:
        drawn = observation.UniformDraw(1200, 9, 9).observe(TRUE)
    assert (drawn == np.select([TRUE == 1, TRUE == 0], [1, -1], 0)).all()


def test_full_supervision_leaves_the_unknown_out_of_the_loss():
    assert (targets.encode_full_labels("bce", "t.h5", TRUE) == np.where(KNOWN, TRUE, LossLabel.IGNORED)).all()
    assert (targets.encode_observed_labels("iun", "t.h5", OBSERVED, TRUE) == np.where(TRUE == 0, -1, 0)).all()
    with pytest.raises(InputError, match=r"t\.h5: no true label is known to be absent"):
        targets.encode_observed_labels("iun", "t.h5", OBSERVED, np.full(TRUE.shape, -1, np.int8))
