import pytest
import torch

from loss_examples import compute


@pytest.mark.parametrize("labels", [torch.tensor([[0, 0, 1]]), torch.tensor([[1, 1, 0]])])
def test_pairwise_ranking_is_what_its_definition_says(labels):
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = labels.repeat(4, 1)
    f, total = torch.sigmoid(logits), 0.0
    for n in range(4):
        for i in range(3):
            for j in range(3):
                if labels[n, i] == 1 and labels[n, j] == 0:
                    total += max(0.0, 1 - f[n, i].item() + f[n, j].item())
    assert compute("pr", logits, labels).item() == pytest.approx(total / 12)
