"""Pseudo-labels from logits by one of several rules.

A rule is a pure function of ``logits`` [N, L] and its own hyperparameters. It returns int8 [N, L] in the code of
``PseudoLabel``; ``soft`` returns targets in [0, 1], float16. A swept rule also takes a threshold ``tau`` and makes one
set of pseudo-labels for each of the configured ``taus``. A rule of ``estimates.py`` takes what is estimated there instead of
its hyperparameters. A rule treats each row on its own, or, if it ``ranks``, each
category: ``apply`` calls it for a block of rows or of columns at a time. The record of a rule stands beside its function, and NumPy is
imported at the first call.

To add a rule, write its function under ``@register(...)`` here, and a test.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
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
    of docs/methods.md, or empty. ``reads_validation`` tells from its hyperparameters whether it is calibrated on validation
    rows and their true labels; ``otherwise`` says what to set where these are not known.
    """

    name: str
    description: str
    source: str
    function: Callable[..., np.ndarray]
    hyperparameters: tuple[Hyperparameter, ...] = ()
    swept: bool = False
    ranks: bool = False
    reads_validation: Callable[[Mapping[str, Any]], bool] = lambda parameters: False
    otherwise: str = ""


RULES: dict[str, PseudoLabelRule] = {}

Function = TypeVar("Function", bound=Callable[..., Any])


def register(
    description: str,
    *,
    source: str = "",
    hyperparameters: Sequence[Hyperparameter] = (),
    swept: bool = False,
    ranks: bool = False,
    reads_validation: Callable[[Mapping[str, Any]], bool] = lambda parameters: False,
    otherwise: str = "",
) -> Callable[[Function], Function]:
    """Return a decorator that records a function as the rule of its name and leaves it as it is."""

    def record(function: Function) -> Function:
        name = function.__name__
        RULES[name] = PseudoLabelRule(
            name, description, source, function, tuple(hyperparameters), swept, ranks, reads_validation, otherwise
        )
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
    hyperparameters=[
        Hyperparameter(
            "tau_low",
            "below every τ, above 0; where a target finds a lower τ, nothing is ignored",
            default=0.3,
            above=0,
            below=1,
        )
    ],
    swept=True,
)
def band(logits: np.ndarray, tau: float, tau_low: float) -> np.ndarray:
    """Return 1 where the probability is above ``tau``, 0 where it is below ``tau_low``, ignored between.

    Where ``tau`` is the lower of both, nothing is ignored.
    """
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


@register(
    "per image, 1 for its k highest categories; k is the rounded sum of its calibrated probabilities, or given",
    hyperparameters=[
        Hyperparameter(
            "number",
            "k of every image, from 1; null: the sum of its probabilities, calibrated on the validation labels",
            default=None,
            kind="integer",
            minimum=1,
            nullable=True,
        ),
        Hyperparameter(
            "maximum",
            "k is at most this, from 1; null: no limit",
            default=None,
            kind="integer",
            minimum=1,
            nullable=True,
        ),
    ],
    reads_validation=lambda parameters: parameters["number"] is None,
    otherwise="number, the labels per image",
)
def cardinality(
    logits: np.ndarray, number: int | None, maximum: int | None, slope: np.ndarray | None, offset: np.ndarray | None
) -> np.ndarray:
    """Return, per row, 1 for its k highest logits; among equals, for the first.

    k is ``number``, or else the rounded sum of the probabilities of slope · logit + offset ([L] each); at most ``maximum``.
    """
    count = np.full(len(logits), number or 0)
    if number is None:
        assert slope is not None and offset is not None
        count = np.rint(probabilities(slope * logits + offset).sum(1)).astype(int)
    if maximum is not None:
        count = np.minimum(count, maximum)
    rank = np.argsort(np.argsort(-logits, axis=1, kind="stable"), axis=1)
    return _labels(rank < count[:, None])


@register(
    "1 above a threshold of the category: the mean confidence, less for categories that are predicted less",
    source="Wang et al. 2023, self-adaptive thresholds",
)
def adaptive(logits: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return 1 where the probability is above the ``limit`` [L] of its category (strictly), else 0."""
    return _labels(probabilities(logits) > limit)


@register(
    "per image, 1 in a label set that misses a present category at a stated rate, else 0",
    source="Vovk et al. 2005, by category",
    hyperparameters=[
        Hyperparameter(
            "error_rate",
            "share of present labels that are missed, above 0 and below 1",
            default=0.1,
            above=0,
            below=1,
        ),
        Hyperparameter(
            "calibrate_on",
            "the positives that it is calibrated on: observed, of the training rows, or validation, true ones",
            default="observed",
            kind="choice",
            choices=("observed", "validation"),
        ),
        Hyperparameter(
            "inside",
            "labels in the set: present, or ignored, which leaves certain absent ones and needs keep_observed",
            default="present",
            kind="choice",
            choices=("present", "ignored"),
        ),
    ],
    reads_validation=lambda parameters: parameters["calibrate_on"] == "validation",
    otherwise="calibrate_on: observed",
)
def conformal(logits: np.ndarray, limit: np.ndarray, inside: str) -> np.ndarray:
    """Return ``inside`` (present or ignored) where the logit reaches the ``limit`` [L] of its category, else 0."""
    code = PseudoLabel.PRESENT if inside == "present" else PseudoLabel.IGNORED
    return np.where(logits >= limit, code.value, PseudoLabel.ABSENT.value).astype(np.int8)


def apply(
    rule: PseudoLabelRule, logits: blocks.Rows, ranked: np.ndarray | None = None, **parameters: Any
) -> blocks.Rows:
    """Return the pseudo-labels [N, L] of a rule, to be read a block of rows at a time; arrays [L] are of the categories.

    Those of a rule that ranks are computed at once, by blocks of columns, and held in memory. ``ranked`` [n] are the rows
    that it ranks, by default all: another row has the label of a category from the lowest logit on that it has among them.
    """
    if not rule.ranks:
        return blocks.Mapped(functools.partial(rule.function, **parameters), logits)
    rows = np.arange(logits.shape[0]) if ranked is None else ranked
    labels = np.empty(logits.shape, np.int8)
    for columns in blocks.column_blocks(logits.shape):
        own = {name: value[columns] if np.ndim(value) else value for name, value in parameters.items()}
        values = logits[:, columns]
        chosen = rule.function(values[rows], **own)
        lowest = np.where(chosen == PseudoLabel.PRESENT, values[rows], np.inf).min(0, initial=np.inf)
        labels[:, columns] = _labels(values >= lowest)
        labels[rows, columns] = chosen
    return labels


def keep_observed(pseudo: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the pseudo-labels with observed positives set to present, and observed negatives to absent."""
    kept = pseudo.copy()
    kept[observed == ObservedLabel.PRESENT] = PseudoLabel.PRESENT
    kept[observed == ObservedLabel.ABSENT] = PseudoLabel.ABSENT
    return kept
