"""Adam over the weights of one network, and the learning rate over the steps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

RISE = 0.3  # the share of the steps of one_cycle in which the rate rises
BEGIN, END = 25.0, 25.0 * 1e4  # one_cycle begins and ends with the highest rate divided by these


def learning_rate(schedule: str, highest: float, step: int, steps: int) -> float:
    """Return the learning rate of a step of ``steps``, counted from 0.

    ``constant`` is the highest rate. ``one_cycle`` rises to it along half a cosine, then falls: torch's OneCycleLR with its
    own defaults, but Adam's momentum stays.

    Source: Smith & Topin 2018, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates".
    """
    if schedule == "constant":
        return highest
    top = RISE * steps - 1
    if step <= top:
        first, last, share = highest / BEGIN, highest, step / top
    else:
        first, last, share = highest, highest / END, (step - top) / (steps - 1 - top)
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class Group:
    """Tensors by name, how many times the learning rate they learn at, and their decoupled weight decay."""

    tensors: Mapping[str, Tensor]
    rate: float = 1.0
    decay: float = 0.0


class Adam:
    """Fused Adam; with a decay AdamW: each step also takes that share times the learning rate off the tensors.

    The operator is the one behind ``torch.optim.AdamW(fused=True)``, which without decay is Adam. It is called directly: an
    Optimizer object would import torch's compiler, and its state would be harder to keep in a file. A tensor without a
    gradient stays as it is.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups
        tensors = [(name, value.detach()) for group in groups for name, value in group.tensors.items()]
        self.first = {name: torch.zeros_like(value) for name, value in tensors}
        self.second = {name: torch.zeros_like(value) for name, value in tensors}
        self._step = torch.zeros((), device=tensors[0][1].device)

    @torch.no_grad()
    def step(self, number: int, learning_rate: float) -> None:
        """Update every tensor by its ``grad``; ``number`` counts steps from 1."""
        self._step.fill_(number)
        for group in self.groups:
            names = [name for name, value in group.tensors.items() if value.grad is not None]
            tensors = [group.tensors[name] for name in names]
            if not names:
                continue
            torch._fused_adamw_(
                tensors,
                [tensor.grad for tensor in tensors],  # type: ignore[misc]
                [self.first[name] for name in names],
                [self.second[name] for name in names],
                [],
                [self._step] * len(names),
                lr=group.rate * learning_rate,
                beta1=0.9,
                beta2=0.999,
                weight_decay=group.decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )

    def state(self) -> dict[str, Tensor]:
        """Return the moments, which are all that outlasts a step; they share memory with this object."""
        return {
            f"{moment}.{name}": value
            for moment, tensors in (("first", self.first), ("second", self.second))
            for name, value in tensors.items()
        }


def groups(weights: Mapping[str, Tensor], decay: float, others: Mapping[str, Tensor], rate: float) -> list[Group]:
    """Return the groups of a network's weights and of the tensors of its loss, which learn at ``rate`` times the rate.

    Weights of two dimensions or more decay. Biases and the scales of normalisation, which have one, and the tensors of the
    loss do not.
    """
    matrices = {name: value for name, value in weights.items() if value.ndim > 1}
    vectors = {name: value for name, value in weights.items() if value.ndim <= 1}
    loss = {f"loss.{name}": value for name, value in others.items()}
    return [group for group in (Group(matrices, 1.0, decay), Group(vectors), Group(loss, rate)) if group.tensors]
