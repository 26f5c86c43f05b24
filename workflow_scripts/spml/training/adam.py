"""Adam over stacked tensors [C, ...], with one learning rate per candidate."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class Adam:
    """Fused Adam: one pass over each candidate's weights, gradients and moments.

    It creates ``grad`` of each tensor and reads the gradients from there; the backward pass writes them in place. The
    operator is the one behind ``torch.optim.Adam(fused=True)``. It is called directly: an Optimizer object would import
    torch's compiler, which costs seconds per job, and the function around the operator costs more than a small update.
    With ``weight_decay`` it is AdamW: each step also takes that share times the learning rate off the weights. Biases,
    the tensors whose name ends so, do not decay: they hold how common a category is.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], learning_rates: Sequence[float], weight_decay: float = 0.0
    ) -> None:
        self._step = torch.zeros((), device=next(iter(tensors.values())).device)
        self._groups: list[tuple[float, float, list[list[Tensor]]]] = []  # learning rate, decay, and their tensors
        stacks = {name: value.detach() for name, value in tensors.items()}  # shares memory with the weights
        gradients = {name: torch.zeros_like(stack) for name, stack in stacks.items()}
        moments = [{name: torch.zeros_like(stack) for name, stack in stacks.items()} for _ in range(2)]
        for name, value in tensors.items():
            value.grad = gradients[name]
        biases = [name for name in stacks if name.endswith("bias")]
        rest = [name for name in stacks if name not in biases]
        parts = [(weight_decay, rest), (0.0, biases)] if weight_decay and biases else [(weight_decay, list(stacks))]
        for index, rate in enumerate(learning_rates):
            for decay, names in parts:
                state = [[group[name][index] for name in names] for group in (stacks, gradients, *moments)]
                self._groups.append((rate, decay, state))

    @torch.no_grad()
    def step(self) -> None:
        """Update every candidate by the gradients in ``grad``."""
        self._step += 1
        for rate, decay, (weights, gradients, first, second) in self._groups:
            update = torch._fused_adamw_ if decay else torch._fused_adam_
            update(
                weights,
                gradients,
                first,
                second,
                [],
                [self._step] * len(weights),
                lr=rate,
                beta1=0.9,
                beta2=0.999,
                weight_decay=decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )
