"""Thresholds of probability for predictions, chosen on validation: of the highest F1, or without any true label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.evaluation.confusion import Confusion
from spml.evaluation.ranking import highest_below, rank

WITHOUT_POSITIVES = 0.5
WEIGHT = 50  # of the threshold of all categories, in positives; docs/methods.md has the measurement
MOST = 2  # times the labels that the observed ones tell; docs/methods.md has the measurement
LIMIT, BINS = 30.0, 60000  # logits that are told apart


def best_threshold(probability: blocks.Rows, true: blocks.Rows) -> float:
    """Return the threshold with the highest F1 over all known entries, half-way between two probabilities.

    Entries above it are present. The highest threshold is taken among equals, and 0.5 without positives. F1 only rises
    where a positive is reached, so that the probabilities of positives alone are candidates.

    Parameters
    ----------
    probability : float [N, L] or [N]
    true : int [N, L] or [N]
        Codes of ``TrueLabel``; unknown entries are left out.
    """
    ranking = rank(probability, true)
    if not len(ranking.score):
        return WITHOUT_POSITIVES
    best = ranking.score[int(np.argmax(Confusion(ranking.hits, ranking.entries, ranking.hits[-1]).f1))]
    return float((best + highest_below(probability, true, best)) / 2)


@dataclass(frozen=True)
class Thresholds:
    """A threshold of probability per category [L], the one of all categories, and what each was chosen by.

    ``share`` [L] is the weight of a category's own threshold in its value, from 0 (that of all categories) to 1.
    ``labels_per_image`` is the number that the threshold of all was chosen by, where F1 did not choose it.
    """

    values: np.ndarray
    overall: float
    share: np.ndarray
    labels_per_image: float | None = None
    by_rate: np.ndarray | None = None  # bool [L]: raised, since the category would have too many labels for its rate

    def source(self, column: int) -> str:
        """Return in words which threshold a category has: ``all categories``, the share that is its own, or why it is raised."""
        if self.by_rate is not None and self.by_rate[column]:
            return "its own, since few pictures have its tag"
        percent = round(100 * self.share[column])
        return f"{percent} % its own" if percent else "all categories"

    def document(self, category: Sequence[str]) -> dict[str, Any]:
        """Return the thresholds of these categories as plain values, by the keys of metrics/*.json and model.json."""
        return {
            "labels_per_image": self.labels_per_image,
            "threshold": self.overall,
            "thresholds": dict(zip(category, self.values.tolist(), strict=True)),
            "threshold_sources": {name: self.source(column) for column, name in enumerate(category)},
        }


def by_category(probability: blocks.Rows, true: blocks.Rows, weight: float = WEIGHT) -> Thresholds:
    """Return thresholds of high F1: of each category, drawn towards the best one of all where its positives are few.

    With m positives the best threshold of a category counts m, that of all categories ``weight``, as logits. Its default was
    measured on pictures that neither model nor threshold had seen (benchmarks/thresholds.py): a threshold of a few positives
    alone wrecks predictions.

    Parameters
    ----------
    probability : float [N, L]
    true : int [N, L]
        Codes of ``TrueLabel``, for the validation rows.
    weight : float
        In positives, from 0.
    """
    overall = best_threshold(probability, true)
    positives, own = np.zeros(probability.shape[1], np.int64), np.full(probability.shape[1], overall)
    for columns in blocks.column_blocks(probability.shape, parts=8):  # float64, and as much again to compute it
        column_probability, column_true = probability[:, columns], true[:, columns]
        positives[columns] = (column_true == TrueLabel.PRESENT).sum(axis=0)
        for column in np.flatnonzero(positives[columns]):
            own[columns.start + column] = best_threshold(column_probability[:, column], column_true[:, column])
    share = positives / np.maximum(positives + weight, 1)
    values = _probability(share * _logit(own) + (1 - share) * _logit(np.array(overall)))
    return Thresholds(np.where(positives > 0, values, overall), overall, share)


def by_labels_per_image(probability: blocks.Rows, number: float, rates: np.ndarray | None = None) -> Thresholds:
    """Return one threshold of all categories, above which rows have ``number`` labels on average.

    It needs no true label, but for the number: the user's, or an estimate. Where ``rates`` are given, a category has a higher
    threshold if it would have more than ``MOST`` times the labels that its rate tells: one whose probabilities hardly differ
    would otherwise be present in nearly every picture, or in none (benchmarks/thresholds.py).

    Parameters
    ----------
    probability : float [N, L]
    number : float
    rates : float [L]
        The share of images with each category among observed labels, above 0; only their proportions count.
    """
    images, categories = probability.shape
    lowest = np.full(categories, -1.0)
    if rates is not None:
        most = np.ceil(MOST * number * images * rates / rates.sum()).astype(np.int64)
        for columns in blocks.column_blocks(probability.shape, parts=8):
            highest = -np.sort(-np.asarray(probability[:, columns], np.float64), axis=0)
            row = np.minimum(most[columns], images - 1)
            limited = np.take_along_axis(highest, row[None], axis=0)[0]
            lowest[columns] = np.where(most[columns] < images, limited, -1.0)
    counts = np.zeros(BINS, np.int64)
    for rows in blocks.row_blocks(probability.shape):
        block = np.asarray(probability[rows], np.float64)
        counts += np.histogram(_logit(block[block > lowest]), BINS, (-LIMIT, LIMIT))[0]
    above = np.append(np.cumsum(counts[::-1])[::-1], 0)
    edge = int(np.argmin(np.abs(above - min(number, categories) * images)))
    overall = float(_probability(np.array(-LIMIT + edge * 2 * LIMIT / BINS)))
    values = np.maximum(overall, lowest)
    return Thresholds(values, overall, np.zeros(categories), number, values > overall)


def _logit(probability: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities, from -LIMIT to LIMIT."""
    with np.errstate(divide="ignore"):
        return np.clip(np.log(probability) - np.log1p(-np.asarray(probability, np.float64)), -LIMIT, LIMIT)


def _probability(logit: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits."""
    return 1 / (1 + np.exp(-logit))
