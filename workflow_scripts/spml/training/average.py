"""The exponential average of the weights of a stack, over the steps of training."""

from collections.abc import Mapping

import torch
from torch import Tensor


class WeightAverage:
    """The average with weights ``decay`` ** (steps ago), which sum to 1 from the first step on.

    This is the exponential average with its bias corrected, as Adam corrects its moments: the initial weights do not
    count. ``weights`` are the averages by name, after so many ``steps``.
    """

    def __init__(self, tensors: Mapping[str, Tensor], decay: float) -> None:
        self._decay, self.steps = decay, 0
        self._tensors = [value.detach() for value in tensors.values()]  # shares memory with the weights
        self.weights = {name: torch.zeros_like(value) for name, value in tensors.items()}

    @torch.no_grad()
    def step(self) -> None:
        """Take the weights after a step into the average."""
        self.steps += 1
        share = (1 - self._decay) / (1 - self._decay**self.steps)
        torch._foreach_lerp_(list(self.weights.values()), self._tensors, share)
