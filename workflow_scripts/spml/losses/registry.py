"""The record of a loss, which stands beside its function; PyTorch is not imported.

Every loss is a pure function of ``logits`` [..., N, L] (leading dimensions: stacked candidates) and ``labels``
[..., N, L] in the code of ``LossLabel``. It returns [...]: the sum of its entries over N and L, divided by N·L, unless
its docstring says otherwise. Further arguments are its hyperparameters, or what a ``TrainingLoss`` keeps for it.
Docstrings write ``f = sigmoid(logits)`` and ``nl(x) = -log(x + 1e-5)``, the form of Cole et al. 2021.

A known negative adds nl(1 - f) to every loss. An ignored entry adds nothing. Losses whose need is "observed and
pseudo-labels" also take ``PSEUDO_PRESENT`` and ``PSEUDO_ABSENT``. Autograd gives the gradient; value and
gradient are finite and exact in float32 up to logits of ±30. Losses that accept soft targets also take labels of a
floating type, between 0 and 1.

To add a loss, write its function under ``@register(...)`` in the module of its family, and a test. A loss with state
also needs a class in ``stateful.py``, which names what outlasts an epoch; a loss that is a sum of three parts may get a faster gradient in
``closed_form.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from spml.registry import Hyperparameter

if TYPE_CHECKING:
    from torch import Tensor

Needs = Literal[
    "nothing", "complete labels", "true negatives", "observed negatives", "observed and pseudo-labels", "score maps"
]
"""What a loss needs besides observed positives: labels, where "observed and pseudo-labels" are told apart, or a network
whose backbone is trained, for the score maps of its last feature map."""


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes
    ----------
    source
        A publication of docs/methods.md and the place in it.
    state_bytes
        What training keeps of each candidate for each label of the training rows, with what it computes from all at once.
    """

    name: str
    description: str
    source: str
    function: Callable[..., Tensor]
    hyperparameters: tuple[Hyperparameter, ...] = ()
    needs: Needs = "nothing"
    accepts_soft_targets: bool = False
    state_bytes: int = 0

    def defaults(self, source: str = "") -> dict[str, Any]:
        """Return each hyperparameter's default for data sets of this source, by name."""
        return {parameter.name: parameter.default_for(source) for parameter in self.hyperparameters}


def is_all_warmup(hyperparameters: Mapping[str, Any], epochs: int) -> bool:
    """Return whether the warm-up of a loss, if it has one, leaves none of so many epochs."""
    return bool(hyperparameters.get("warmup", 0) >= epochs)


Function = TypeVar("Function", bound=Callable[..., "Tensor"])

REGISTERED: dict[str, Loss] = {}  # in the order of imports; readers take LOSSES of catalog.py, which is complete


def register(
    description: str,
    *,
    source: str,
    hyperparameters: Sequence[Hyperparameter] = (),
    needs: Needs = "nothing",
    accepts_soft_targets: bool = False,
    state_bytes: int = 0,
) -> Callable[[Function], Function]:
    """Return a decorator that records a function as the loss of its name and leaves it as it is.

    Raises
    ------
    ValueError
        When another function has the name.
    """

    def record(function: Function) -> Function:
        name = function.__name__
        if name in REGISTERED:
            raise ValueError(f"loss {name}: found in two modules, wanted one function per name")
        REGISTERED[name] = Loss(
            name, description, source, function, tuple(hyperparameters), needs, accepts_soft_targets, state_bytes
        )
        return function

    return record
