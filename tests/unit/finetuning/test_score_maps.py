"""A linear head that moves into its backbone."""

import torch
from torch import nn

from spml.features.libraries.catalog import Built
from spml.features.preprocessing import Preprocessing
from spml.finetuning.score_maps import with_boost
from spml.models.heads import apply_heads


class Small(nn.Module):
    """A network with a map of 4 x 4 cells."""

    def __init__(self):
        super().__init__()
        self.convolution, self.pool = nn.Conv2d(3, 6, 4, 4), nn.AdaptiveAvgPool2d(1)

    def forward(self, pictures):
        return self.pool(self.convolution(pictures)).flatten(1)


def test_a_head_on_the_cells_and_the_identity_give_what_the_head_gave_on_features():
    torch.manual_seed(0)
    model, pictures = Small(), torch.randn(3, 3, 16, 16)
    head = {"output.weight": torch.randn(5, 6), "output.bias": torch.randn(5)}
    wanted = model(pictures) @ head["output.weight"].T + head["output.bias"]
    cells = torch.einsum("ld,bdij->blij", head["output.weight"], model.convolution(pictures))
    cells = cells + head["output.bias"][:, None, None]
    for boost in (1.0, 5.0):
        built, left = with_boost(Built(model, Preprocessing(16)), head, boost)
        logits = built.model(pictures)
        assert torch.equal(apply_heads({key: value[None] for key, value in left.items()}, logits)[0], logits)
        if boost > 1:
            wanted = torch.where(cells > 0, boost * cells, cells).mean((2, 3))
        torch.testing.assert_close(logits, wanted)
        model = Small()
        model.load_state_dict(
            {
                key.replace(".features", ""): value
                for key, value in built.model.state_dict().items()
                if not key.endswith(("boost", "classifier.weight", "classifier.bias"))
            }
        )


def test_the_moved_head_is_trained_with_the_backbone():
    head = {"output.weight": torch.randn(5, 6), "output.bias": torch.randn(5)}
    built, _ = with_boost(Built(Small(), Preprocessing(16)), head, 5.0)
    built.model.requires_grad_(True)(torch.randn(3, 3, 16, 16)).sum().backward()
    assert all((parameter.grad != 0).any() for parameter in built.model.parameters())
    assert {name for name, _ in built.model.named_parameters()} == {
        f"convolution.{layer}.{kind}" for layer in ("features", "classifier") for kind in ("weight", "bias")
    }
