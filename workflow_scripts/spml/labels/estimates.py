"""Arguments of rules of pseudo-labels that are estimated from all training rows, or calibrated on labels.

To add one, write a function of an ``Evidence`` and the rule's hyperparameters here, and name it in ``ESTIMATES``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.evaluation import platt
from spml.labels.pseudo_labels import PseudoLabelRule, probabilities
from spml.runtime.errors import InputError


@dataclass(frozen=True)
class Evidence:
    """What arguments are estimated from: matrices that are read a block at a time.

    ``logits`` and ``observed`` [N, L] are of the training rows, ``val_logits`` and ``val_true`` [n, L] of the validation rows,
    None where the rule does not read them.
    """

    category: Sequence[str]
    logits: blocks.Rows
    observed: blocks.Rows
    val_logits: blocks.Rows | None = None
    val_true: blocks.Rows | None = None

    @property
    def validation(self) -> tuple[blocks.Rows, blocks.Rows]:
        """Logits and true labels of the validation rows."""
        assert self.val_logits is not None and self.val_true is not None  # the plan makes them inputs
        return self.val_logits, self.val_true


def arguments(rule: PseudoLabelRule, evidence: Evidence, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what the function of a rule takes besides logits: its hyperparameters, or what is estimated from them.

    Raises
    ------
    InputError
        When there are too few labels to calibrate on.
    """
    estimate = ESTIMATES.get(rule.name)
    return estimate(evidence, **parameters) if estimate else parameters


def cardinality(evidence: Evidence, number: int | None, maximum: int | None) -> dict[str, Any]:
    """Return the logistic fit that makes logits calibrated, by category, unless the ``number`` of labels is known.

    The fit reads all validation rows, or evenly spaced ones where they are many.
    """
    given = {"number": number, "maximum": maximum}
    if number is not None:
        return given | {"slope": None, "offset": None}
    logits, true = evidence.validation
    scores, labels = blocks.sampled(logits, true)
    if not (labels == TrueLabel.PRESENT).any():
        raise InputError(
            f"pseudo_labels: no label is known to be present among the {len(labels):,} validation rows; rule cardinality "
            "expected some to calibrate on. Set its number of labels per image"
        )
    slope, offset = platt.fit_logits(scores, labels)
    return given | {"slope": slope, "offset": offset}


def adaptive(evidence: Evidence) -> dict[str, Any]:
    """Return a threshold of the probability by category, [L]: c · p / max p.

    c is the mean over the training rows of the highest probability of a row, p [L] the mean probability of each category.
    """
    logits = evidence.logits
    highest, total = 0.0, np.zeros(logits.shape[1])
    for rows in blocks.row_blocks(logits.shape):
        probability = probabilities(logits[rows])
        highest += probability.max(1).sum()
        total += probability.sum(0)
    return {"limit": highest / logits.shape[0] * total / total.max()}


def conformal(evidence: Evidence, error_rate: float, calibrate_on: str, inside: str) -> dict[str, Any]:
    """Return the limit of the logit of each category, [L], that positives stay below at ``error_rate`` at most.

    Of n calibration positives the limit is the floor(error_rate · (n + 1))-th lowest logit: one more that is exchangeable
    with them lies below it with a probability of at most ``error_rate``. Where that is the 0th, categories share the limit
    of their positives together, or, where these are still too few, that of all positives.

    Raises
    ------
    InputError
        When all positives together are too few.
    """
    if calibrate_on == "validation":
        logits, labels = evidence.validation
    else:
        logits, labels = evidence.logits, evidence.observed
    scores = _scores_of_positives(logits, labels)
    few = [column for column, values in enumerate(scores) if not _rank(len(values), error_rate)]
    shared = np.concatenate([np.empty(0, np.float32), *(scores[column] for column in few)])
    if few and not _rank(len(shared), error_rate):
        shared = np.concatenate(scores)
        if not _rank(len(shared), error_rate):
            raise InputError(
                f"pseudo_labels: found {len(shared):,} positive labels to calibrate on; an error_rate of {error_rate:g} "
                f"needs {int(np.ceil(1 / error_rate)) - 1:,}. Raise error_rate, or use another rule"
            )
    if few:
        names = ", ".join(evidence.category[column] for column in few[:10])
        print(
            f"conformal: {len(few)} of {len(scores)} categories have too few positives to calibrate on and share a limit: "
            f"{names}{', ...' if len(few) > 10 else ''}"
        )
    chosen = [shared if column in few else values for column, values in enumerate(scores)]
    return {
        "limit": np.array([np.sort(values)[_rank(len(values), error_rate) - 1] for values in chosen]),
        "inside": inside,
    }


def _rank(count: int, error_rate: float) -> int:
    """Return floor(error_rate · (count + 1)), safe from rounding: 0.1 · 10 is 1."""
    return int(error_rate * (count + 1) + 1e-9)


def _scores_of_positives(logits: blocks.Rows, labels: blocks.Rows) -> list[np.ndarray]:
    """Return, per category, the logits of the rows whose label is present."""
    columns, values = [], []
    for rows in blocks.row_blocks(logits.shape):
        row, column = np.nonzero(labels[rows] == TrueLabel.PRESENT)  # the code of observed labels is the same
        columns.append(column)
        values.append(logits[rows][row, column])
    column, score = np.concatenate(columns), np.concatenate(values)
    order = np.argsort(column, kind="stable")
    return np.split(score[order], np.searchsorted(column[order], np.arange(1, logits.shape[1])))


ESTIMATES: dict[str, Callable[..., dict[str, Any]]] = {
    function.__name__: function for function in (cardinality, adaptive, conformal)
}
