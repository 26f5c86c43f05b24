"""Heads on frozen features; the weights of several candidates are stacked.

The weights of a head of kind ``linear`` are ``output.weight`` [L, D] and ``output.bias`` [L]; kind ``mlp`` puts
``hidden.weight`` [H, D], ``hidden.bias`` [H] and a ReLU before it. A stack has one more dimension in front, [C, ...].
Kind ``kernel``, which is never stacked, puts the kernel between features and landmarks before it: ``kernel.mean`` [D],
``kernel.unit`` [M, D] and ``kernel.width`` [1] as in spml.models.kernels, ``output.weight`` is then [L, M]. Kind ``text`` was
not trained and has ``text.weight`` [L, D] and ``text.offset`` [L] alone, as in spml.models.similarity.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def initial_weights(kind: str, hidden: int, widths: tuple[int, int], seeds: Sequence[int]) -> Weights:
    """Return a stack with one candidate per seed, each drawn as torch draws ``nn.Linear``, whatever else is in the stack.

    ``widths`` are the number of features and of categories; kind ``linear`` does not use ``hidden``.
    """
    layers = _layers(kind, hidden, widths)
    candidates = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn = {name: nn.Linear(*shape) for name, shape in layers.items()}
        candidates.append(
            {
                f"{name}.{key}": value.detach()
                for name, layer in drawn.items()
                for key, value in layer.named_parameters()
            }
        )
    return {name: torch.stack([candidate[name] for candidate in candidates]) for name in candidates[0]}


def count_weights(kind: str, hidden: int, widths: tuple[int, int]) -> int:
    """Return how many numbers a head has, biases included."""
    return sum((inputs + 1) * outputs for inputs, outputs in _layers(kind, hidden, widths).values())


def _layers(kind: str, hidden: int, widths: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Return the number of inputs and outputs of each layer."""
    features, categories = widths
    if kind == "linear":
        return {"output": (features, categories)}
    return {"hidden": (features, hidden), "output": (hidden, categories)}


def apply_heads(weights: Weights, features: Tensor) -> Tensor:
    """Return logits [C, B, L] of every candidate for the features [B, D]."""
    return forward(weights, features)[0]


def forward(weights: Weights, features: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Return logits [C, B, L] of every candidate for the features [B, D], and its hidden units [C, H, B] if it has any.

    ``keep`` [B, H] scales the hidden units of all candidates (dropout: 0, or 1 / probability to keep).
    The logits are in memory as [C, L, B]: weights times features is the faster order of the product.
    """
    if "hidden.weight" not in weights:
        return _shared_input(weights["output.weight"], weights["output.bias"], features).mT, None
    hidden = _shared_input(weights["hidden.weight"], weights["hidden.bias"], features).relu_()
    if keep is not None:
        hidden *= keep.T
    logits = torch.bmm(weights["output.weight"], hidden)
    logits += weights["output.bias"].unsqueeze(-1)
    return logits.mT, hidden


def _shared_input(weight: Tensor, bias: Tensor, features: Tensor) -> Tensor:
    """Multiply [C, O, D] and [B, D] to [C, O, B] in one product, since all candidates share the features."""
    product = torch.mm(weight.flatten(0, 1), features.T).view(*weight.shape[:2], len(features))
    product += bias.unsqueeze(-1)
    return product


def backward(weights: Weights, features: Tensor, hidden: Tensor | None, keep: Tensor | None, by_logits: Tensor) -> None:
    """Write the gradient by every weight to its ``grad``, from the one by the logits [C, B, L]; the rest as in ``forward``."""
    slope = by_logits.mT
    if hidden is not None:
        torch.bmm(slope, hidden.mT, out=weights["output.weight"].grad)
        torch.sum(slope, -1, out=weights["output.bias"].grad)
        slope = torch.bmm(weights["output.weight"].mT, slope)
        slope *= hidden > 0  # units at 0, by dropout or the ReLU, have no slope
        if keep is not None:
            slope *= keep.T
    layer = "output" if hidden is None else "hidden"
    weight = weights[f"{layer}.weight"].grad
    assert weight is not None
    torch.mm(slope.flatten(0, 1), features, out=weight.flatten(0, 1))
    torch.sum(slope, -1, out=weights[f"{layer}.bias"].grad)


def unfold_standardisation(weights: Weights, mean: Tensor, std: Tensor) -> Weights:
    """Return the stack whose logits for (features - mean) / std equal those of this one for raw features."""
    first = "hidden" if "hidden.weight" in weights else "output"
    weight = weights[f"{first}.weight"]
    return weights | {f"{first}.weight": weight * std, f"{first}.bias": weights[f"{first}.bias"] + weight @ mean}


def fold_standardisation(weights: Weights, mean: Tensor, std: Tensor) -> Weights:
    """Return the stack whose logits for raw features equal those of this one for (features - mean) / std."""
    first = "hidden" if "hidden.weight" in weights else "output"
    weight = weights[f"{first}.weight"] / std
    return weights | {f"{first}.weight": weight, f"{first}.bias": weights[f"{first}.bias"] - weight @ mean}
