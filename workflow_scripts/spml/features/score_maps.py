"""The last feature map of a network, and class activation maps that are boosted before they are pooled.

Source: Kim et al. 2023, "Bridging the Gap between Model Explanations in Partially Annotated Multi-label Classification"
(BoostLU).
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spml.features.libraries.catalog import Built
from spml.runtime.errors import InputError

BOOST = "boost"  # the name of the factor in a state dict
CLOSE = 1e-4  # of the largest feature: a mean in another order rounds otherwise


class _Call(NamedTuple):
    """A call of a layer: its name, and the mean over the cells of its output [1, D, G, G] where that is a map."""

    layer: str
    mean: Tensor | None


def map_layer(model: nn.Module, size: int) -> str:
    """Return the name of the last layer whose output [B, D, G, G] has the features as its mean over the cells.

    Parameters
    ----------
    model
        A network from pictures [B, 3, size, size] to features [B, D]. It is left in evaluation mode.
    size
        Pixels of a side.

    Raises
    ------
    InputError
        When no layer has such an output: the network is a transformer, or has layers behind the mean.
    """
    return _map_call(_calls(model, size), model, size).layer


@torch.no_grad()
def boosted(built: Built, weight: Tensor, bias: Tensor, boost: float) -> Built:
    """Return the network with a classifier on the cells of its last feature map: it gives logits in place of features.

    The network is changed in place, its weights up to the map layer get the names of ``BoostedMaps``. Dropout behind that
    layer is switched off: it was meant for features.

    Parameters
    ----------
    built
        A network as spml.features.backbones.load returns it.
    weight, bias
        Those of the classifier, [L, D] and [L].
    boost
        The factor of positive cells, from 1; published: 5.

    Raises
    ------
    InputError
        When the network has no map whose mean are the features.
    """
    model, size = built.model, built.preprocessing.size
    calls = _calls(model, size)
    call = _map_call(calls, model, size)
    for behind in calls[calls.index(call) + 1 :]:
        layer = model.get_submodule(behind.layer)
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    parent, _, last = call.layer.rpartition(".")
    maps = BoostedMaps(model.get_submodule(call.layer), weight, bias, boost)
    setattr(model.get_submodule(parent), last, maps.eval().requires_grad_(False))
    return built


def boosted_as(built: Built, state: Mapping[str, Tensor]) -> Built:
    """Return the network with the boosted maps, none or some, that the state dict of one built in the same way has."""
    found = sorted((name for name in state if name.endswith(f".{BOOST}")), key=len, reverse=True)  # the innermost first
    for name in found:
        classifier = f"{name.removesuffix(BOOST)}classifier"
        weight, bias = state[f"{classifier}.weight"].flatten(1), state[f"{classifier}.bias"]
        built = boosted(built, weight, bias, float(state[name]))
    return built


class BoostedMaps(nn.Module):
    """Class activation maps [B, L, G, G] in place of the feature map [B, D, G, G] of ``features``, positive cells times ``boost``.

    The mean that follows in the network turns them into logits [B, L]. They are float32 under autocast as well. The factor
    is part of the state dict, which so describes itself.
    """

    boost: Tensor

    def __init__(self, features: nn.Module, weight: Tensor, bias: Tensor, boost: float) -> None:
        super().__init__()
        self.features = features
        self.register_buffer(BOOST, torch.tensor([float(boost)]))
        self.classifier = nn.utils.skip_init(nn.Conv2d, weight.shape[1], len(weight), 1)
        self.classifier.load_state_dict({"weight": weight[:, :, None, None], "bias": bias})

    def forward(self, values: Tensor) -> Tensor:
        features = self.features(values)
        if not any(map(torch.is_autocast_enabled, ("cpu", "cuda"))):
            return self._maps(features)  # an exported program then has no autocast
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return self._maps(features)

    def _maps(self, features: Tensor) -> Tensor:
        maps = self.classifier(features.to(self.classifier.weight.dtype))
        return torch.maximum(maps, self.boost * maps)


@torch.no_grad()
def _calls(model: nn.Module, size: int) -> list[_Call]:
    """Return the calls of all layers for a random picture, in the order in which they end."""
    calls: list[_Call] = []

    def hook(layer: str, values: object) -> None:
        is_map = isinstance(values, Tensor) and values.ndim == 4 and values.shape[-1] > 1
        calls.append(_Call(layer, values[0].mean((-2, -1)) if is_map else None))  # type: ignore[index]

    handles = [
        layer.register_forward_hook(lambda _, __, values, name=name: hook(name, values))
        for name, layer in model.named_modules()
    ]
    picture = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    try:
        features = model.eval()(picture)
    finally:
        for handle in handles:
            handle.remove()
    return [*calls[:-1], _Call("", features[0])]  # the last is the network


def _map_call(calls: list[_Call], model: nn.Module, size: int) -> _Call:
    """Return the last call whose mean are the features, of a layer that is called once."""
    names = [call.layer for call in calls]
    features = calls[-1].mean
    assert features is not None
    for call in reversed(calls[:-1]):
        if call.mean is None or call.mean.shape != features.shape or names.count(call.layer) > 1:
            continue
        if (call.mean - features).abs().max() <= CLOSE * features.abs().max():
            return call
    raise InputError(
        f"backbone: {type(model).__name__} has no layer for pictures of {size} pixels whose map has the features as its "
        "mean; wanted a convolutional network, as resnet50, efficientnet_b0 or mobilenet_v2"
    )
