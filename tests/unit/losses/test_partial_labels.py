import math

import pytest
import torch

from loss_examples import LOGITS, NEGATIVES, OBSERVED, compute


def test_partial_bce_by_hand():
    known = [
        math.log1p(math.exp(-1.2)),
        math.log1p(math.exp(-0.7)),
        math.log1p(math.exp(0.5)),
        math.log1p(math.exp(-1.5)),
    ]
    weight = 5.45 - 4.45 * 2 / 3
    assert compute("partial_bce", LOGITS, NEGATIVES).item() == pytest.approx(weight * sum(known) / 3 / 2)


def test_clpl_with_one_candidate_is_assume_negative_without_epsilon_summed_over_categories():
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, OBSERVED.double()) * 3
    assert compute("clpl", LOGITS, OBSERVED).item() == pytest.approx(wanted.item())


def test_clpl_with_several_candidates_takes_the_mean_of_their_logits():
    one = torch.tensor([[1.0, 3.0, -1.0]], dtype=torch.float64)
    wanted = math.log1p(math.exp(-2.0)) + math.log1p(math.exp(-1.0))
    assert compute("clpl", one, torch.tensor([[1, 1, 0]])).item() == pytest.approx(wanted)
