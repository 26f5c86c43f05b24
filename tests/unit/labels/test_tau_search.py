"""The τ that a target asks for: against brute force, and against labels that are drawn from known probabilities."""

import itertools

import numpy as np
import pytest

from spml.artifacts import blocks
from spml.artifacts.codes import ObservedLabel
from spml.labels import tau_search
from spml.labels.observation import UniformDraw
from spml.labels.pseudo_labels import probabilities
from spml.runtime.errors import InputError


def drawn(rows=4000, categories=6, seed=0):
    """Return skewed logits, true labels drawn from the probabilities before the skew, and one observed positive per row."""
    random = np.random.RandomState(seed)
    logits = random.randn(rows, categories) * 2 - np.arange(categories) / 2
    true = (random.rand(rows, categories) < probabilities(logits)).astype(np.int8)
    true[true.sum(1) == 0, 0] = 1
    return ((logits + 1) / 2).astype(np.float32), true, UniformDraw(1200).observe(true)


LOGITS, TRUE, OBSERVED = drawn()
FREE = OBSERVED == ObservedLabel.UNOBSERVED


def added_by(tau, logits=LOGITS):
    return (probabilities(logits) > tau) & FREE


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("number", [1.2, 2.0, 3.5])
def test_labels_per_image_are_those_that_are_asked_for(number, keep):
    found = tau_search.by_labels_per_image(LOGITS, OBSERVED, number, keep)
    labels = probabilities(LOGITS) > found.tau
    if keep:
        labels |= OBSERVED == ObservedLabel.PRESENT
    assert labels.sum() / len(LOGITS) == pytest.approx(number, abs=0.01)
    assert found.added == pytest.approx(added_by(found.tau).sum(), abs=5)


def test_fewer_labels_than_observed_add_nothing():
    found = tau_search.by_labels_per_image(LOGITS, OBSERVED, 0.5, True)
    assert found.added == 0 and not added_by(found.tau).any()


@pytest.mark.parametrize("precision", [0.6, 0.8, 0.9])
def test_precision_is_that_of_the_added_labels_by_calibration_on_truth(precision):
    posterior = tau_search.validated(LOGITS[:2000], OBSERVED[:2000], TRUE[:2000])
    found = tau_search.by_precision(LOGITS, OBSERVED, posterior, precision)
    added = added_by(found.tau)
    assert TRUE[added].mean() == pytest.approx(precision, abs=0.04)
    assert found.right / found.added == pytest.approx(precision, abs=0.01)
    lower = added_by(found.tau - 0.03)  # no lower τ does it
    assert posterior(LOGITS, OBSERVED)[lower].mean() < precision


def test_without_truth_a_higher_target_is_a_higher_precision():
    posterior = tau_search.estimated(LOGITS[:2000], OBSERVED[:2000])
    added = [added_by(tau_search.by_precision(LOGITS, OBSERVED, posterior, target).tau) for target in (0.5, 0.7, 0.9)]
    precision = [TRUE[labels].mean() for labels in added]
    assert TRUE[FREE].mean() < precision[0] < precision[1] < precision[2]
    assert all(later.sum() < earlier.sum() for earlier, later in itertools.pairwise(added))


def test_a_precision_that_no_threshold_reaches_adds_nothing():
    found = tau_search.by_precision(LOGITS, OBSERVED, lambda logits, observed: np.full(logits.shape, 0.5), 0.8)
    assert found.added == 0 and not added_by(found.tau).any()


def test_calibration_needs_a_label_that_was_not_observed():
    observed = np.where(TRUE == 1, ObservedLabel.PRESENT, ObservedLabel.UNOBSERVED)
    with pytest.raises(InputError, match="no unobserved label of the validation rows is known to be present"):
        tau_search.validated(LOGITS, observed, TRUE)


def test_blocks_of_any_size_find_the_same(monkeypatch):
    posterior = tau_search.validated(LOGITS, OBSERVED, TRUE)

    def found():
        return (
            tau_search.by_labels_per_image(LOGITS, OBSERVED, 2.0, True),
            tau_search.by_precision(LOGITS, OBSERVED, posterior, 0.8).tau,
        )

    whole = found()
    monkeypatch.setattr(blocks, "ENTRIES", 600)
    assert repr(found()) == repr(whole)  # which may hold NaN


def test_what_was_found_is_said():
    said = tau_search.sentence(tau_search.Found(0.7123, 1234, 1000.0), {"precision": 0.8})
    assert said == "target precision 0.8: τ 0.7123, which adds 1,234 labels, 1,000 of them expected to be right"
