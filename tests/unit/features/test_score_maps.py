"""The last feature map of a network, and boosted class activation maps."""

import pytest
import timm
import torch
import torchvision
from torch import nn

from spml.artifacts import checkpoints
from spml.features import backbones
from spml.features.folding import folded
from spml.features.libraries.catalog import Built
from spml.features.libraries.timm_layers import plain
from spml.features.preprocessing import Preprocessing
from spml.features.score_maps import BoostedMaps, boosted, map_layer
from spml.runtime.errors import InputError

SIZE = 64


def network(library, name):
    """Return a network with drawn weights and no classifier, in evaluation mode."""
    torch.manual_seed(0)
    if library == "timm":
        return plain(timm.create_model(name, num_classes=0).eval(), SIZE)
    model = torchvision.models.get_model(name, weights=None)
    last = [layer for layer, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, child = last.rpartition(".")
    setattr(model.get_submodule(parent), child, nn.Identity())
    return model.eval()


def built(model):
    return Built(model, Preprocessing(SIZE))


def with_maps(backbone, categories, random, boost=5.0):
    """Return the backbone with boosted maps of a drawn classifier."""
    width = backbone.model(torch.zeros(1, 3, SIZE, SIZE)).shape[1]
    weight, bias = (torch.randn(shape, generator=random) for shape in ((categories, width), (categories,)))
    return boosted(backbone, weight, bias, boost)


@pytest.fixture
def random():
    return torch.Generator().manual_seed(1)


@pytest.mark.parametrize(
    ("library", "name", "layer"),
    [
        ("torchvision", "resnet18", "layer4"),
        ("torchvision", "mobilenet_v2", "features"),
        ("torchvision", "efficientnet_b0", "features"),
        ("timm", "resnet18", "layer4"),
        ("timm", "tf_efficientnet_lite0", "bn2"),
    ],
)
def test_the_map_layer_is_the_last_whose_mean_are_the_features(library, name, layer, random):
    model = network(library, name)
    assert map_layer(model, SIZE) == layer
    kept = []
    model.get_submodule(layer).register_forward_hook(lambda _, __, values: kept.append(values))
    pictures = torch.randn(2, 3, SIZE, SIZE, generator=random)
    torch.testing.assert_close(model(pictures), kept[0].mean((2, 3)), rtol=1e-4, atol=1e-6)
    assert kept[0].shape[-1] == 2


@pytest.mark.parametrize(
    ("library", "name", "shown"),
    [
        ("torchvision", "vgg11", "VGG"),  # layers behind the mean
        ("torchvision", "densenet121", "DenseNet"),  # the ReLU before the mean is no layer
        ("timm", "vit_tiny_patch16_224", "VisionTransformer"),
    ],
)
def test_a_network_without_such_a_map_is_named(library, name, shown):
    model = network(library, name)
    with pytest.raises(InputError, match=f"backbone: {shown} has no layer for pictures of .* whose map"):
        map_layer(model, 224 if shown == "VisionTransformer" else SIZE)


def test_pictures_of_a_single_cell_have_no_map():
    with pytest.raises(InputError, match="for pictures of 32 pixels"):
        map_layer(network("torchvision", "resnet18"), 32)


def test_a_layer_that_is_called_twice_is_none():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.relu, self.second = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)

        def forward(self, pictures):
            return self.relu(self.second(self.relu(self.first(pictures)))).mean((2, 3))

    with pytest.raises(InputError, match="Twice"):
        map_layer(Twice(), SIZE)


def test_positive_cells_count_more_by_hand():
    maps = BoostedMaps(nn.Identity(), torch.tensor([[2.0], [-1.0]]), torch.tensor([0.0, 1.0]), 5.0)
    found = maps(torch.tensor([[[[1.0, -1.0], [0.5, 3.0]]]]))
    assert found[0].tolist() == [[[10, -2], [5, 30]], [[0, 10], [2.5, -2]]]


@pytest.mark.parametrize(
    ("library", "name"), [("torchvision", "resnet18"), ("torchvision", "efficientnet_b0"), ("timm", "resnet18")]
)
def test_a_boosted_network_gives_the_mean_of_boosted_maps(library, name, random):
    model, pictures = network(library, name), torch.randn(2, 3, SIZE, SIZE, generator=random)
    layer, kept = map_layer(model, SIZE), []
    model.get_submodule(layer).register_forward_hook(lambda _, __, values: kept.append(values))
    features = model(pictures)
    wrapped = with_maps(built(model), 4, random).model
    maps = wrapped.get_submodule(layer)
    logits = wrapped(pictures)
    weight, bias = maps.classifier.weight[:, :, 0, 0], maps.classifier.bias
    cells = torch.einsum("ld,bdij->blij", weight, kept[0]) + bias[:, None, None]
    wanted = torch.where(cells > 0, 5 * cells, cells).mean((2, 3))
    torch.testing.assert_close(logits, wanted, rtol=1e-4, atol=1e-4)
    assert logits.shape == (2, 4) and ((wanted - features @ weight.T - bias).abs() > 0.1).any()
    maps.boost.fill_(1.0)
    torch.testing.assert_close(wrapped(pictures), features @ weight.T + bias, rtol=1e-4, atol=1e-4)


def test_its_weights_have_stable_names_and_go_back_into_a_network_that_is_built_again(random):
    first, second = (with_maps(built(network("timm", "resnet18")), 3, random).model for _ in range(2))
    names = set(first.state_dict())
    assert {
        "conv1.weight",
        "layer4.features.1.conv2.weight",
        "layer4.classifier.weight",
        "layer4.classifier.bias",
    } < names
    second.load_state_dict(first.state_dict())
    pictures = torch.randn(2, 3, SIZE, SIZE, generator=random)
    assert torch.equal(first(pictures), second(pictures))


def test_a_checkpoint_tells_by_itself_that_its_backbone_has_boosted_maps(tmp_path, random):
    """A backbone that was boosted, and boosted again as the start of another model."""
    path, checkpoint = tmp_path / "weights.pth", str(tmp_path / "checkpoint.safetensors")
    torch.save(torchvision.models.resnet18(num_classes=5).state_dict(), path)
    options = {"library": "torchvision", "model": "resnet18", "weights": str(path), "image_size": SIZE}
    options |= {"view": "pooled", "resize": "squash", "crops": 1}
    trained, pictures = backbones.load(options, str(path)), torch.randn(2, 3, SIZE, SIZE, generator=random)
    for categories, boost in ((4, 5.0), (3, 2.0)):
        trained = with_maps(trained, categories, random, boost)
        state = {f"backbone.{name}": value.numpy() for name, value in trained.model.state_dict().items()}
        checkpoints.save(checkpoint, state, {"categories": ["a"] * categories})
        again = backbones.load(options, str(path), checkpoint).model
        assert torch.equal(again(pictures), trained.model(pictures)) and again(pictures).shape == (2, categories)
        assert not any(parameter.requires_grad for parameter in again.parameters())


def test_dropout_of_features_does_not_fall_on_logits(random):
    model = with_maps(built(network("torchvision", "efficientnet_b0")), 3, random).model
    assert [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)] == [0.0]


def test_it_is_traced_and_folded_for_extraction(random):
    model = with_maps(built(network("torchvision", "resnet18")), 3, random).model
    traced, pictures = folded(model), torch.randn(2, 3, SIZE, SIZE, generator=random)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in traced.modules())
    torch.testing.assert_close(traced(pictures), model(pictures), rtol=1e-4, atol=1e-4)


def test_logits_are_float32_under_autocast(random):
    model = with_maps(built(network("torchvision", "resnet18")), 3, random).model
    pictures = torch.randn(2, 3, SIZE, SIZE, generator=random)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(pictures)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, model(pictures), rtol=0.2, atol=0.3)


def test_it_is_exported_without_a_trace_of_autocast(random):
    model, pictures = (
        with_maps(built(network("torchvision", "resnet18")), 3, random).model,
        torch.zeros(1, 3, SIZE, SIZE),
    )
    program = torch.export.export(model, (pictures,))
    assert not any("autocast" in str(node.target).lower() for node in program.graph.nodes)
    torch.testing.assert_close(program.module()(pictures), model(pictures))
