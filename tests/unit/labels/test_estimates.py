"""Rules whose arguments are estimated: how many labels per image, and thresholds by category."""

import numpy as np
import pytest

from spml.artifacts import blocks
from spml.evaluation import platt
from spml.labels import pseudo_labels
from spml.labels.estimates import Evidence, arguments
from spml.labels.pseudo_labels import RULES, probabilities
from spml.runtime.errors import InputError


def log_odds(*values):
    return np.log(np.array(values) / (1 - np.array(values)))


def made_by(name, evidence, **parameters):
    """Return the arguments of a rule, and its pseudo-labels of the training rows."""
    defaults = {parameter.name: parameter.default for parameter in RULES[name].hyperparameters}
    found = arguments(RULES[name], evidence, defaults | parameters)
    return found, pseudo_labels.apply(RULES[name], evidence.logits, **found)[:]


def drawn(rows=4000, categories=5, seed=0):
    """Return calibrated logits, and true labels that are drawn from their probabilities."""
    random = np.random.RandomState(seed)
    logits = random.randn(rows, categories) * 2 - np.arange(categories) / 2
    true = (random.rand(rows, categories) < probabilities(logits)).astype(np.int8)
    return logits.astype(np.float32), true


def evidence_of(logits, observed, val_logits=None, val_true=None):
    names = [f"category {number}" for number in range(logits.shape[1])]
    return Evidence(names, logits, observed, val_logits, val_true)


def test_a_number_of_labels_is_that_of_the_highest_categories():
    logits = np.array([[2.0, -1.0, 0.0], [0.5, 0.5, -3.0]], np.float32)
    evidence = evidence_of(logits, np.zeros_like(logits))
    assert made_by("cardinality", evidence, number=1)[1].tolist() == [[1, 0, 0], [1, 0, 0]]
    assert made_by("cardinality", evidence, number=2)[1].tolist() == [[1, 0, 1], [1, 1, 0]]
    assert made_by("cardinality", evidence, number=9)[1].all()
    assert made_by("cardinality", evidence, number=9, maximum=1)[1].sum(1).tolist() == [1, 1]


def test_the_number_is_the_rounded_sum_of_the_probabilities():
    """.9 + .8 + .6 is 2.3, so 2; .4 + .2 + .1 is .7, so 1; .1 three times is .3, so none."""
    logits = np.stack([log_odds(0.6, 0.9, 0.8), log_odds(0.2, 0.4, 0.1), log_odds(0.1, 0.1, 0.1)])
    calibrated = {"number": None, "slope": np.ones(3), "offset": np.zeros(3)}
    found = pseudo_labels.cardinality(logits, maximum=None, **calibrated)
    assert found.tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert pseudo_labels.cardinality(logits, maximum=1, **calibrated).sum(1).tolist() == [1, 1, 0]


def test_logits_are_calibrated_on_the_validation_labels():
    """Logits of which twice the value, less 3, is right: the numbers of labels have the mean of the true ones."""
    logits, true = drawn()
    skewed = (logits + 3) / 2
    evidence = evidence_of(skewed[:2000], None, skewed[2000:], true[2000:])
    found, labels = made_by("cardinality", evidence)
    assert found["slope"] == pytest.approx(np.full(5, 2), abs=0.4)
    assert found["offset"] == pytest.approx(np.full(5, -3), abs=0.5)
    assert labels.sum(1).mean() == pytest.approx(true[:2000].sum(1).mean(), rel=0.05)
    assert probabilities(skewed[:2000]).sum(1).mean() > 1.5 * true[:2000].sum(1).mean()  # what no fit would say


def test_evenly_spaced_rows_calibrate_where_they_are_many(monkeypatch):
    logits, true = drawn(rows=100)
    monkeypatch.setattr(blocks, "SAMPLED_ENTRIES", 5 * 40)  # 40 of the 100 rows: every third is read
    found, _ = made_by("cardinality", evidence_of(logits, None, logits, true))
    slope, offset = platt.fit_logits(logits[::3], true[::3])
    assert found["slope"].tolist() == slope.tolist() and found["offset"].tolist() == offset.tolist()


def test_no_label_to_calibrate_on_is_said():
    logits = np.zeros((3, 2), np.float32)
    with pytest.raises(
        InputError, match=r"no label is known to be present among the 3 validation rows; .* Set its number"
    ):
        made_by("cardinality", evidence_of(logits, None, logits, np.zeros((3, 2), np.int8)))


def test_adaptive_thresholds_by_hand():
    """The highest of each row are .9, .2 and .7, mean .6; the means are .6 and .3: thresholds .6 and .6 · .3 / .6."""
    logits = np.stack([log_odds(0.9, 0.5), log_odds(0.2, 0.2), log_odds(0.7, 0.2)])
    found, labels = made_by("adaptive", evidence_of(logits, None))
    assert found["limit"] == pytest.approx([0.6, 0.3])
    assert labels.tolist() == [[1, 1], [0, 0], [1, 0]]


def test_a_limit_is_the_order_statistic_by_hand():
    """19 positives at 1 to 19: 0.1 · 20 is 2, so the second lowest; 9 positives: the lowest."""
    logits = np.arange(1, 31, dtype=np.float32)[:, None].repeat(2, 1)
    observed = np.zeros((30, 2), np.int8)
    observed[:19, 0], observed[10:19, 1] = 1, 1
    found, labels = made_by("conformal", evidence_of(logits, observed))
    assert found["limit"].tolist() == [2, 11]
    assert labels[:, 0].tolist() == [0] + [1] * 29 and labels[:, 1].sum() == 20
    ignored = made_by("conformal", evidence_of(logits, observed), inside="ignored")[1]
    assert ignored.dtype == np.int8 and (ignored == -labels).all()


def test_categories_with_too_few_positives_share_a_limit(capsys):
    logits = np.arange(40, dtype=np.float32)[:, None].repeat(4, 1)
    observed = np.zeros((40, 4), np.int8)
    observed[20:39, 0] = 1
    observed[[5, 6, 7, 8], 1] = 1
    observed[[9, 10, 11, 12, 13], 2] = 1  # together nine: their lowest is the limit; category 3 has none at all
    found, _ = made_by("conformal", evidence_of(logits, observed))
    assert found["limit"].tolist() == [21, 5, 5, 5]
    assert "3 of 4 categories have too few positives" in capsys.readouterr().out
    observed[5:8, 1] = 0  # six are too few, too: the limit of all 25, 0.1 · 26 is 2
    assert made_by("conformal", evidence_of(logits, observed))[0]["limit"].tolist() == [21, 9, 9, 9]
    with pytest.raises(
        InputError, match=r"found 25 positive labels .* an error_rate of 0.01 needs 99. Raise error_rate"
    ):
        made_by("conformal", evidence_of(logits, observed), error_rate=0.01)


@pytest.mark.parametrize("calibrate_on", ["observed", "validation"])
@pytest.mark.parametrize("error_rate", [0.05, 0.2])
def test_present_labels_are_missed_at_the_stated_rate(calibrate_on, error_rate):
    """Over draws of exchangeable rows with 60 positives or so in each category: on average, and not far below."""
    missed, number = 0, 0
    for seed in range(60):
        logits, true = drawn(600, 3, seed)
        calibration = (logits[:200], true[:200])
        if calibrate_on == "observed":
            evidence = evidence_of(*calibration)
        else:
            evidence = evidence_of(logits[200:], None, *calibration)
        limit = made_by("conformal", evidence, error_rate=error_rate, calibrate_on=calibrate_on)[0]["limit"]
        missed += ((logits[200:] < limit) & (true[200:] == 1)).sum()
        number += (true[200:] == 1).sum()
    assert 0.75 * error_rate < missed / number < 1.05 * error_rate


@pytest.mark.parametrize("name", ["cardinality", "adaptive", "conformal"])
def test_blocks_of_rows_change_nothing(name, monkeypatch):
    logits, true = drawn(300)
    evidence = evidence_of(logits, true, logits[:30], true[:30])
    whole = made_by(name, evidence)
    monkeypatch.setattr(blocks, "ENTRIES", 5 * 40)
    parts = made_by(name, evidence)
    assert (whole[1] == parts[1]).all() and 0 < whole[1].mean() < 1
