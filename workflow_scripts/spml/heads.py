"""Heads on frozen features, several candidates stacked in one set of weights.

The weights of a head of kind ``linear`` are ``output.weight`` [L, D] and ``output.bias`` [L]; kind ``mlp`` puts
``hidden.weight`` [H, D], ``hidden.bias`` [H] and a ReLU before it. A stack has one more dimension in front, [C, ...].
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def initial_weights(kind: str, hidden: int, widths: tuple[int, int], seeds: Sequence[int]) -> Weights:
    """A stack with one candidate a seed, each drawn as torch draws ``nn.Linear``, whatever else is in the stack.

    ``widths`` are the number of features and of categories; ``hidden`` counts for kind ``mlp`` only.
    """
    features, categories = widths
    layers = {"output": (features, categories)}
    if kind == "mlp":
        layers = {"hidden": (features, hidden), "output": (hidden, categories)}
    candidates = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn = {name: nn.Linear(*shape) for name, shape in layers.items()}
        candidates.append({f"{n}.{k}": v.detach() for n, layer in drawn.items() for k, v in layer.named_parameters()})
    return {name: torch.stack([candidate[name] for candidate in candidates]) for name in candidates[0]}


def apply_heads(weights: Weights, features: Tensor, keep: Tensor | None = None) -> Tensor:
    """Logits [C, B, L] of every candidate for the features [B, D].

    ``keep`` [B, H] scales the hidden units (dropout: 0, or 1 / share kept); it is shared by all candidates.
    """
    if "hidden.weight" not in weights:
        return _shared_input(weights["output.weight"], weights["output.bias"], features)
    hidden = torch.relu(_shared_input(weights["hidden.weight"], weights["hidden.bias"], features))
    if keep is not None:
        hidden = hidden * keep
    return torch.baddbmm(weights["output.bias"].unsqueeze(1), hidden, weights["output.weight"].mT)


def _shared_input(weight: Tensor, bias: Tensor, features: Tensor) -> Tensor:
    """One product for all candidates, since all see the same features: [C, O, D] and [B, D] to [C, B, O]."""
    flat = torch.addmm(bias.flatten(), features, weight.flatten(0, 1).T)
    return flat.view(len(features), *weight.shape[:2]).transpose(0, 1)


def fold_standardisation(weights: Weights, mean: Tensor, deviation: Tensor) -> Weights:
    """The stack that takes raw features and gives what this one gives for (features - mean) / deviation."""
    first = "hidden" if "hidden.weight" in weights else "output"
    weight = weights[f"{first}.weight"] / deviation
    return weights | {f"{first}.weight": weight, f"{first}.bias": weights[f"{first}.bias"] - weight @ mean}
