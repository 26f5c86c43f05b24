"""The registry of metrics. evaluate.py computes them for each model; tables/map.csv and the report show them.

To add one, write its function of ``Predictions``, and its record in ``METRICS``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel
from spml.evaluation import calibration
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.evaluation.confusion import Confusion, confusion, harmonic_mean
from spml.evaluation.ranking import rank


class Sums(NamedTuple):
    """Sums over the entries of a split: counts per category [L], and bins of probability."""

    known: np.ndarray  # entries whose true label is known, int64 [L]
    at_half: Confusion  # of predictions above a probability of 0.5
    at_chosen: Confusion  # of predictions above the thresholds chosen on validation
    reliability: dict[str, list[float]]  # of the known entries, as calibration.Reliability has them


@dataclass(frozen=True)
class Predictions:
    """A model's predictions on a split beside the true labels, all [N, L]; arrays, or files that are read by blocks.

    ``true`` holds codes of ``TrueLabel``. ``threshold`` are the probabilities chosen on validation, one or [L].
    """

    logits: blocks.Rows
    probability: blocks.Rows
    true: blocks.Rows
    threshold: float | np.ndarray

    @cached_property
    def sums(self) -> Sums:
        """The sums that most metrics follow from."""
        known = np.zeros(self.true.shape[1], np.int64)
        at_half = at_chosen = Confusion(*np.zeros((3, self.true.shape[1]), np.int64))
        reliability = calibration.Reliability()
        for rows in blocks.row_blocks(self.true.shape):
            probability, true = self.probability[rows], self.true[rows]
            is_known = true != TrueLabel.UNKNOWN
            known += is_known.sum(0)
            at_half += confusion(probability > 0.5, true, axis=0)
            at_chosen += confusion(probability > self.threshold, true, axis=0)
            reliability.add(probability[is_known], true[is_known])
        return Sums(known, at_half, at_chosen, reliability.bins)

    @cached_property
    def average_precision(self) -> np.ndarray:
        """Average precision per category, float64 [L], from 0 to 1; NaN without positives."""
        return average_precision(self.logits, self.true)


def published_map(predictions: Predictions) -> float:
    """Return the mean average precision in percent; a category without positives counts as 0."""
    return mean_average_precision(predictions.average_precision)[0]


def present_map(predictions: Predictions) -> float:
    """Return the mean average precision in percent over the categories with positives."""
    return mean_average_precision(predictions.average_precision)[1]


def micro_average_precision(predictions: Predictions) -> float:
    """Return the average precision of all known entries taken as one category, in percent; NaN without positives."""
    return 100 * rank(predictions.logits, predictions.true).average_precision


def overall_f1(counts: Confusion) -> float:
    """Return OF1 in percent, from counts per category: the F1 of overall precision and recall.

    Precision is 0 where nothing is predicted. Source: Wang et al. 2016, "CNN-RNN: A Unified Framework for Multi-label Image
    Classification".
    """
    overall = counts.overall
    return 100 * harmonic_mean(np.nan_to_num(overall.precision), np.nan_to_num(overall.recall))


def category_f1(counts: Confusion) -> float:
    """Return CF1 in percent, from counts per category: the F1 of the means of precision and recall over categories.

    A category that is never predicted has precision 0, one without positives recall 0. Source: as for ``overall_f1``.
    """
    return 100 * harmonic_mean(np.nan_to_num(counts.precision).mean(), np.nan_to_num(counts.recall).mean())


def at_half(f1: Callable[[Confusion], float]) -> Callable[[Predictions], float]:
    """Return the F1 of predictions above a probability of 0.5."""
    return lambda predictions: f1(predictions.sums.at_half)


def at_chosen(f1: Callable[[Confusion], float]) -> Callable[[Predictions], float]:
    """Return the F1 of predictions above the thresholds chosen on validation."""
    return lambda predictions: f1(predictions.sums.at_chosen)


def calibration_error(predictions: Predictions) -> float:
    """Return the expected calibration error in percent."""
    return calibration.calibration_error(predictions.sums.reliability)


@dataclass(frozen=True)
class Metric:
    """One number per model and split.

    ``key`` names it in ``metrics/*.json`` and, after ``val_`` or ``test_``, the column of tables/map.csv. ``title`` is for people.
    ``compute`` returns percent if ``percent``, and NaN where the metric is undefined. A metric that ``ranks`` also orders models
    where unobserved labels count as absent; any other would say there how well a model predicts what people chose to tag.
    """

    key: str
    title: str
    compute: Callable[[Predictions], float]
    percent: bool = True
    ranks: bool = False


METRICS = (  # in the order of the columns of tables/map.csv
    Metric("map", "mAP", published_map, ranks=True),
    Metric("map_present", "mAP, categories present", present_map, ranks=True),
    Metric("micro_ap", "micro AP", micro_average_precision, ranks=True),
    Metric("of1", "OF1 at 0.5", at_half(overall_f1)),
    Metric("cf1", "CF1 at 0.5", at_half(category_f1)),
    Metric("of1_chosen", "OF1 at the chosen thresholds", at_chosen(overall_f1)),
    Metric("cf1_chosen", "CF1 at the chosen thresholds", at_chosen(category_f1)),
    Metric("ece", "calibration error", calibration_error),
)


def evaluate(predictions: Predictions, on_observed: bool = False) -> dict[str, float | None]:
    """Return every metric by key; None where it is undefined, as all are where no true label is known.

    ``on_observed``: unobserved labels count as absent in place of true labels. Only metrics that rank are measured then.
    """
    if not predictions.sums.known.any():
        return dict.fromkeys(metric.key for metric in METRICS)
    values = {
        metric.key: metric.compute(predictions) if metric.ranks or not on_observed else math.nan for metric in METRICS
    }
    return {key: None if math.isnan(value) else value for key, value in values.items()}
