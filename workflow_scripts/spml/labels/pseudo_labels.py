"""Pseudo-labels from logits by one of several rules.

A rule is a pure function of ``logits`` [N, L] and its own hyperparameters. It returns int8 [N, L] in the code of
``PseudoLabel``; ``soft`` returns targets in [0, 1], float16. A swept rule also takes a threshold ``tau`` and makes one
set of pseudo-labels for each of the configured ``taus``. A rule treats each row on its own, or, if it ``ranks``, each
category: ``apply`` calls it for a block of rows or of columns at a time. The record of a rule stands beside its function, and NumPy is
imported at the first call.

To add a rule, write its function under ``@register(...)`` here, and a test.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from spml.artifacts import blocks
from spml.artifacts.codes import ObservedLabel, PseudoLabel
from spml.registry import REQUIRED, Hyperparameter
from spml.runtime.lazy import np


@dataclass(frozen=True)
class PseudoLabelRule:
    """One rule.

    ``swept`` if it takes a threshold ``tau``; ``ranks`` if it compares the images of a category; ``source`` is a publication
    of docs/methods.md, or empty.
    """

    name: str
    description: str
    source: str
    function: Callable[..., np.ndarray]
    hyperparameters: tuple[Hyperparameter, ...] = ()
    swept: bool = False
    ranks: bool = False


RULES: dict[str, PseudoLabelRule] = {}

Function = TypeVar("Function", bound=Callable[..., Any])


def register(
    description: str,
    *,
    source: str = "",
    hyperparameters: Sequence[Hyperparameter] = (),
    swept: bool = False,
    ranks: bool = False,
) -> Callable[[Function], Function]:
    """Return a decorator that records a function as the rule of its name and leaves it as it is."""

    def record(function: Function) -> Function:
        name = function.__name__
        RULES[name] = PseudoLabelRule(name, description, source, function, tuple(hyperparameters), swept, ranks)
        return function

    return record


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the sigmoid in float64, same shape; exact at both ends."""
    small = np.exp(-np.abs(logits.astype(np.float64)))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def _labels(present: np.ndarray) -> np.ndarray:
    """Return pseudo-labels int8: PRESENT where ``present``, ABSENT elsewhere."""
    labels = np.full(present.shape, PseudoLabel.ABSENT, np.int8)
    labels[present] = PseudoLabel.PRESENT
    return labels


@register("1 above τ, else 0", source="Arroyo 2023, algorithm 1", swept=True)
def threshold(logits: np.ndarray, tau: float) -> np.ndarray:
    """Return 1 where the probability is above ``tau`` (strictly), else 0.

    The observed positives are not put back.
    """
    return _labels(probabilities(logits) > tau)


@register(
    "per category, 1 for as many of the highest images as its prior says",
    source="Xie et al. 2023",
    hyperparameters=[
        Hyperparameter(
            "prior",
            "category to rate of positives, for each category; null: those of section priors",
            default=None,
            kind="rates",
            minimum=0,
            maximum=1,
            nullable=True,
        )
    ],
    ranks=True,
)
def class_prior(logits: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return, per category, 1 for as many of the highest rows as its ``prior`` [L] (rate of positives) says."""
    return _highest(logits, np.rint(np.asarray(prior) * len(logits)).astype(int))


@register(
    "per category, 1 for the k highest images",
    source="Yalniz et al. 2019",
    hyperparameters=[
        Hyperparameter("k", "positives per category, from 1", default=REQUIRED, kind="integer", minimum=1)
    ],
    ranks=True,
)
def top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Return, per category, 1 for its ``k`` highest rows."""
    return _highest(logits, np.full(logits.shape[1], k))


def _highest(logits: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return, per category, 1 for its ``count`` [L] highest rows; among equals, for the first."""
    labels = np.full(logits.shape, PseudoLabel.ABSENT, np.int8)
    for column, number in enumerate(count):
        labels[np.argsort(-logits[:, column], kind="stable")[:number], column] = PseudoLabel.PRESENT
    return labels


@register(
    "1 above τ, 0 below tau_low, ignored between",
    hyperparameters=[Hyperparameter("tau_low", "below every τ, above 0", default=0.3, above=0, below=1)],
    swept=True,
)
def band(logits: np.ndarray, tau: float, tau_low: float) -> np.ndarray:
    """Return 1 where the probability is above ``tau``, 0 where it is below ``tau_low``, ignored between."""
    probability = probabilities(logits)
    known = [probability > tau, probability < tau_low]
    return np.select(known, [PseudoLabel.PRESENT, PseudoLabel.ABSENT], PseudoLabel.IGNORED).astype(np.int8)


@register("1 for the highest category of each image", source="Lee 2013")
def argmax(logits: np.ndarray) -> np.ndarray:
    """Return 1 for the highest category of each row, the first among equals."""
    return _labels(np.arange(logits.shape[1]) == logits.argmax(1)[:, None])


@register(
    "the probability as the target; students need loss bce or bce_ls",
    source="Hinton et al. 2015",
)
def soft(logits: np.ndarray) -> np.ndarray:
    """Return the probability itself as the target, float16."""
    return probabilities(logits).astype(np.float16)


def apply(rule: PseudoLabelRule, logits: blocks.Rows, **parameters: Any) -> blocks.Rows:
    """Return the pseudo-labels [N, L] of a rule, to be read a block of rows at a time; arrays [L] are of the categories.

    Those of a rule that ranks are computed at once, by blocks of columns, and held in memory.
    """
    if not rule.ranks:
        return blocks.Mapped(functools.partial(rule.function, **parameters), logits)
    labels = np.empty(logits.shape, np.int8)
    for columns in blocks.column_blocks(logits.shape):
        own = {name: value[columns] if np.ndim(value) else value for name, value in parameters.items()}
        labels[:, columns] = rule.function(logits[:, columns], **own)
    return labels


def keep_observed(pseudo: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the pseudo-labels with observed positives set to present, and observed negatives to absent."""
    kept = pseudo.copy()
    kept[observed == ObservedLabel.PRESENT] = PseudoLabel.PRESENT
    kept[observed == ObservedLabel.ABSENT] = PseudoLabel.ABSENT
    return kept
