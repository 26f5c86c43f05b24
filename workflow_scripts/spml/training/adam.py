"""Adam over stacked tensors [C, ...], with one learning rate per candidate."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class Adam:
    """Fused Adam without weight decay: one pass over each candidate's weights, gradients and moments.

    It creates ``grad`` of each tensor and reads the gradients from there; the backward pass writes them in place. The
    operator is the one behind ``torch.optim.Adam(fused=True)``. It is called directly: an Optimizer object would import
    torch's compiler, which costs seconds per job, and the function around the operator costs more than a small update.
    """

    def __init__(self, tensors: Mapping[str, Tensor], learning_rates: Sequence[float]) -> None:
        self._step = torch.zeros((), device=next(iter(tensors.values())).device)
        self._candidates: list[tuple[float, list[list[Tensor]]]] = []
        stacks = [value.detach() for value in tensors.values()]  # shares memory with the weights
        gradients = [torch.zeros_like(stack) for stack in stacks]
        moments = [[torch.zeros_like(stack) for stack in stacks] for _ in range(2)]
        for value, gradient in zip(tensors.values(), gradients, strict=True):
            value.grad = gradient
        for index, rate in enumerate(learning_rates):
            state = [[stack[index] for stack in group] for group in (stacks, gradients, *moments)]
            self._candidates.append((rate, state))

    @torch.no_grad()
    def step(self) -> None:
        """Update every candidate by the gradients in ``grad``."""
        self._step += 1
        for rate, (weights, gradients, first, second) in self._candidates:
            torch._fused_adam_(
                weights,
                gradients,
                first,
                second,
                [],
                [self._step] * len(weights),
                lr=rate,
                beta1=0.9,
                beta2=0.999,
                weight_decay=0.0,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )
