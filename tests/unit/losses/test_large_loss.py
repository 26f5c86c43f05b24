import math

import pytest
import torch

from loss_examples import LOGITS, OBSERVED, compute


def test_never_more_than_the_unobserved_are_large():
    known = torch.tensor([[1, -1, 0], [1, 1, 1]], dtype=torch.int8)
    for name in ("ll_r", "ll_ct"):
        one, all_of_them = (compute(name, LOGITS, known, share=share) for share in (1 / 6, 50.0))
        assert one.item() == pytest.approx(all_of_them.item())
    assert compute("ll_r", LOGITS, OBSERVED, share=0.0).item() == pytest.approx(
        torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, OBSERVED.double()).item()
    )


def test_equal_losses_at_the_limit_are_all_dropped():
    logits = torch.tensor([[2.0, 1.0, 1.0, -3.0]], dtype=torch.float64)
    labels = torch.zeros(1, 4, dtype=torch.int8)
    assert compute("ll_r", logits, labels, share=0.5).item() == pytest.approx(math.log1p(math.exp(-3.0)) / 4)
