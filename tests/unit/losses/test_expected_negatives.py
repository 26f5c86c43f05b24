import math

import pytest
import torch

from loss_examples import LOGITS, NEGATIVES, OBSERVED, RUNNING_MEANS, compute
from spml.artifacts.codes import LossLabel
from spml.losses.stateful import make_loss
from spml.losses.training_loss import RunContext

ROWS = torch.arange(2)


def nl(probability):
    return -math.log(probability + 1e-5)


def test_expected_negatives_by_hand():
    """Of 4 labels k = 2.25 are expected, 1 is observed: of the means .9, .5, .1 the first is left out, the next counts 3/4."""
    logits = torch.tensor([[math.log(4), 0.0, math.log(4), -math.log(4)]], dtype=torch.float64)  # f = .8, .5, .8, .2
    running = torch.tensor([[0.7, 0.5, 0.9, 0.1]], dtype=torch.float64)
    found = compute("expected_negatives", logits, torch.tensor([[1, 0, 0, 0]]), running=running, k=2.25, consistency=2)
    entries = nl(0.8) + 0.75 * nl(0.5) + 0 * nl(0.2) + nl(0.8)
    distances = 0.1**2 + 0.0**2 + 0.1**2 + 0.1**2
    assert found.item() == pytest.approx((entries + 2 * distances) / 4)


@pytest.mark.parametrize("k", [0.5, 1, 1.5, 2, 2.9, 3, 7.5])
@pytest.mark.parametrize("labels", [OBSERVED, NEGATIVES, torch.zeros_like(OBSERVED)])
def test_so_many_negatives_count_as_are_expected(k, labels):
    """With f = ½ everywhere, the unobserved add nl(½) each; k less the positives are left out, all at most."""
    changes = {"running": RUNNING_MEANS, "k": k, "consistency": 0}
    found = (
        compute("expected_negatives", torch.zeros(2, 3, dtype=torch.float64), labels, **changes).item() * 6 / nl(0.5)
    )
    unobserved, positives = (labels == 0).sum(1), (labels == 1).sum(1)
    left_out = (k - positives).clamp_min(0).minimum(unobserved)
    assert found == pytest.approx(((labels != 0).sum() + (unobserved - left_out).sum()).item())


def test_an_observed_positive_is_expected_wherever_its_mean_lies():
    labels = torch.tensor([[1, 0, 0]])
    for mean in (0.0, 1.0):
        running = torch.tensor([[mean, 0.6, 0.4]], dtype=torch.float64)
        changes = {"running": running, "k": 1, "consistency": 0}
        assert compute("expected_negatives", LOGITS[:1], labels, **changes) == compute("an", LOGITS[:1], labels)


def test_known_negatives_and_ignored_labels_have_no_consistency():
    labels = torch.tensor([[LossLabel.ABSENT, LossLabel.IGNORED]])
    running, logits = torch.tensor([[0.9, 0.9]]), torch.zeros(1, 2)
    assert compute("expected_negatives", logits, labels, running=running).item() == pytest.approx(nl(0.5) / 2)


def test_running_means_are_of_the_epochs_before_and_by_row():
    run = RunContext([0, 1], 5, lambda: OBSERVED.split(1))
    loss = make_loss("expected_negatives", {"k": 1.0, "momentum": 0.75, "consistency": 4}, run)
    logits = torch.stack([LOGITS, -LOGITS]).float()
    loss.start_epoch(1)
    torch.testing.assert_close(loss(logits, OBSERVED, ROWS), compute("an", logits, OBSERVED))  # the warm-up
    torch.testing.assert_close(loss.running, torch.sigmoid(logits))
    loss.start_epoch(2)
    swapped = ROWS.flip(0)
    found = loss(torch.zeros_like(logits), OBSERVED[swapped], swapped)
    changes = {"k": 1.0, "consistency": 4, "running": torch.sigmoid(logits)[:, swapped]}
    torch.testing.assert_close(
        found, compute("expected_negatives", torch.zeros_like(logits), OBSERVED[swapped], **changes)
    )
    torch.testing.assert_close(loss.running, 0.75 * torch.sigmoid(logits) + 0.25 * 0.5)
