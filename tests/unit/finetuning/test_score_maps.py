"""Score maps of networks that are trained: a linear head that moves into its backbone, and spatial consistency."""

import dataclasses

import pytest
import torch
from torch import nn

import small_network
from spml.artifacts import checkpoints
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.features import backbones
from spml.features.extractor import Scaled
from spml.features.libraries.catalog import Built
from spml.features.preprocessing import Preprocessing
from spml.finetuning.score_maps import with_boost
from spml.losses.expected_positives import spatial_consistency
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


def trained(world, **changes):
    """Return a run that is trained to its end."""
    run = world.run(dataclasses.replace(small_network.OPTIONS, **changes))
    run.train(lambda _: None)
    return run


@pytest.fixture
def world():
    return small_network.World()


def test_a_boosted_model_is_a_backbone_and_a_head_as_any_other(world, tmp_path):
    """Its checkpoint says all: a network that is built anew gives the same logits, with the average of weights as well."""
    run = trained(world, loss="ll_cp", hyperparameters={"boost": 5.0}, weight_average=0.9, weight_decay=0.1)
    path, pictures = tmp_path / "checkpoint.safetensors", torch.from_numpy(world.pixels)
    checkpoints.save(path, {name: value.numpy() for name, value in run.best.weights.items()}, {"categories": ["a"]})
    again = backbones.with_trained(small_network.backbone(), str(path))
    assert [value.tolist() for name, value in again.model.state_dict().items() if name.endswith("boost")] == [[5.0]]
    features = again.model(Scaled(again.preprocessing)(pictures))
    head = {name: torch.from_numpy(value)[None] for name, value in checkpoints.load(path)[0].items()}
    logits = apply_heads(head, features)[0]
    validation = world.labels[world.validation]
    scores = average_precision(logits[world.validation].numpy(), validation)
    assert mean_average_precision(scores)[0] == pytest.approx(run.best.val_map)


def test_spatial_consistency_draws_views_of_an_image_to_each_other(world, monkeypatch):
    """The distances of the last epoch, with and without their weight, from the same views."""
    means = {}
    for weight in (0, 30):
        kept = []

        def loss(logits, labels, running, distances, kept=kept, **hyperparameters):
            kept.append(distances.mean().item())
            return spatial_consistency(logits, labels, running, distances, **hyperparameters)

        hyperparameters = {"k": 1.7, "weight": weight, "consistency": 0, "warmup": 1}
        options = dataclasses.replace(
            small_network.OPTIONS,
            loss="spatial_consistency",
            hyperparameters=hyperparameters,
            augment=("flip", "random_resized_crop"),
            epochs=6,
        )
        run = world.run(options)
        monkeypatch.setattr(run.steps.loss, "loss", loss)
        run.train(lambda _: None)
        assert kept[:5] == [0.0] * 5 and min(kept[5:]) > 0  # in the first epoch nothing is past
        means[weight] = sum(kept[-5:])
    assert means[30] < 0.7 * means[0]
