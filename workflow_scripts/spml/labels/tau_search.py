"""The threshold τ that a target asks for: a precision of the labels that the teacher adds, or a number of labels per image.

Logits are counted in bins, so that matrices of any size are read a block at a time; τ is the lower edge of a bin.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.evaluation import platt
from spml.labels import priors
from spml.labels.pseudo_labels import probabilities
from spml.runtime.errors import InputError

LIMIT, BINS = 16.0, 32000  # logits from -16 to 16 in steps of 0.001; what lies beyond counts in the last bin
SLOPE_PENALTY = 5.0  # of the fit without truth: a slope of few positives would be too sure of itself
Posterior = Callable[[np.ndarray, np.ndarray], np.ndarray]  # logits and observed labels [n, L] to probabilities [n, L]


@dataclass(frozen=True)
class Found:
    """A threshold, how many labels it is expected to add to the rows, and how many of these are expected to be right."""

    tau: float
    added: int
    right: float = float("nan")


def by_labels_per_image(logits: blocks.Rows, observed: blocks.Rows, number: float, keep_observed: bool) -> Found:
    """Return the τ at which rows have ``number`` labels on average; with what was observed, where it is put back.

    Parameters
    ----------
    logits : float [N, L]
    observed : int8 [N, L] (``ObservedLabel``)
    number : float
        Labels per image.
    keep_observed : bool
        Whether observed labels are put back after the threshold.
    """
    counts, put_back, unobserved = np.zeros(BINS, np.int64), 0, np.zeros(BINS, np.int64)
    for rows in blocks.row_blocks(logits.shape):
        values, labels = logits[rows], observed[rows]
        free = labels == ObservedLabel.UNOBSERVED
        counts += _counted(values[free] if keep_observed else values)
        unobserved += _counted(values[free])
        put_back += int((labels == ObservedLabel.PRESENT).sum()) if keep_observed else 0
    above = _from(counts)
    best = int(np.argmin(np.abs(above - (number * logits.shape[0] - put_back))))
    return Found(_tau(best), int(_from(unobserved)[best]))


def by_precision(logits: blocks.Rows, observed: blocks.Rows, posterior: Posterior, precision: float) -> Found:
    """Return the lowest τ above which the unobserved labels have a mean ``posterior`` of at least ``precision``.

    Where no τ has, τ is the highest logit, above which there is nothing.

    Parameters
    ----------
    logits : float [N, L]
    observed : int8 [N, L] (``ObservedLabel``)
    posterior : as ``validated`` and ``estimated`` return it
    precision : float, above 0 and below 1
    """
    counts, right = np.zeros(BINS, np.int64), np.zeros(BINS)
    for rows in blocks.row_blocks(logits.shape):
        values, labels = logits[rows], observed[rows]
        free = labels == ObservedLabel.UNOBSERVED
        counts += _counted(values[free])
        right += np.bincount(_bins(values[free]), posterior(values, labels)[free], BINS)
    above, expected = _from(counts), _from(right)
    reached = np.flatnonzero((above > 0) & (expected >= precision * above))
    if not len(reached):
        return Found(_tau(int(np.flatnonzero(counts)[-1]) + 1), 0)
    return Found(_tau(int(reached[0])), int(above[reached[0]]), float(expected[reached[0]]))


def sentence(found: Found, target: Mapping[str, float | str]) -> str:
    """Return what was found for a target, in words."""
    wanted = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in target.items())
    expected = "" if np.isnan(found.right) else f", {found.right:,.0f} of them expected to be right"
    return f"target {wanted}: τ {found.tau:.4f}, which adds {found.added:,} labels{expected}"


def validated(val_logits: np.ndarray, val_observed: np.ndarray, val_true: np.ndarray) -> Posterior:
    """Return the probability of an unobserved label by a logistic fit to those of the validation rows, by category.

    Parameters
    ----------
    val_logits : float [n, L]
    val_observed : int8 [n, L] (``ObservedLabel``)
    val_true : int8 [n, L] (``TrueLabel``)

    Raises
    ------
    InputError
        When no unobserved label of a validation row is known to be present.
    """
    labels = np.where(val_observed == ObservedLabel.UNOBSERVED, val_true, np.int8(TrueLabel.UNKNOWN))
    if not (labels == TrueLabel.PRESENT).any():
        raise InputError(
            "pseudo_labels: no unobserved label of the validation rows is known to be present; a target of precision expected "
            "some to calibrate on. Set target: {labels_per_image: ...}, or taus"
        )
    slope, offset = platt.fit_logits(val_logits, labels)
    return lambda logits, observed: probabilities(slope * logits + offset)


def estimated(val_logits: np.ndarray, val_observed: np.ndarray) -> Posterior:
    """Return the probability of a label, given the observed ones, by the fixed point that needs no true label.

    The fit is on the validation rows, which the teacher was not trained on. Parameters as of ``validated``.
    """
    slope, offset, _ = priors.fixed_point(val_logits, val_observed, slope_penalty=SLOPE_PENALTY)

    def posterior(logits: np.ndarray, observed: np.ndarray) -> np.ndarray:
        return priors.expected_labels(probabilities(slope * logits + offset), observed)

    return posterior


def _bins(logits: np.ndarray) -> np.ndarray:
    """Return the number of the bin of each logit."""
    return np.clip(((logits.astype(np.float64) + LIMIT) * (BINS / (2 * LIMIT))).astype(np.int64), 0, BINS - 1)


def _counted(logits: np.ndarray) -> np.ndarray:
    """Return how many logits are in each bin, int64 [BINS]."""
    return np.bincount(_bins(logits).ravel(), minlength=BINS)


def _from(counts: np.ndarray) -> np.ndarray:
    """Return the sum of each bin and of all above it, and 0 for the edge above the last: [BINS + 1]."""
    return np.append(np.cumsum(counts[::-1])[::-1], 0)


def _tau(number: int) -> float:
    """Return the probability at the lower edge of a bin."""
    return float(probabilities(np.array(number * 2 * LIMIT / BINS - LIMIT)))
