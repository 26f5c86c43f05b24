"""Class priors without true labels: the share of images that have each category, from observed labels.

``scaled_rates`` takes a number of labels per image: the user's, or the sum of an estimate. ``crisp_rates`` and
``fixed_point_rates`` estimate rates from the logits of a teacher, on rows that it was not trained on: of its training
rows it knows the observed labels.
"""

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import ObservedLabel

NODES = 16  # of the quadrature over t, exact for polynomials up to degree 31
BLOCK = 256  # rows at a time
ROWS = 4096  # of a sum that is estimated: a quarter of a minute for 80 categories
SMALLEST = 1e-300
NEWTON_STEPS = 3  # of the logistic fit, in each iteration of EM
SLOPE_PENALTY = 1e-3  # pulls slopes to 1, where a category is never or always present


def observed_rates(observed: np.ndarray) -> np.ndarray:
    """Return the share of rows of [N, L] (``ObservedLabel``) in which each category is observed as present, float64 [L]."""
    return (observed == ObservedLabel.PRESENT).mean(0)


def scaled_rates(rates: np.ndarray, labels_per_image: float) -> np.ndarray:
    """Return the observed rates [L] times one factor, so that they sum to ``labels_per_image``.

    No rate exceeds 1, and none is lower than observed: the factor is at least 1. Where the sum cannot be reached, every
    observed category has 1.
    """
    rates = np.asarray(rates, np.float64)
    capped: np.ndarray = np.zeros(len(rates), bool)
    factor = 1.0
    while (free := rates[~capped].sum()) > 0:
        factor = max(1.0, (labels_per_image - capped.sum()) / free)
        over = ~capped & (rates * factor > 1)
        if not over.any():
            break
        capped |= over
    return np.where(capped, 1.0, rates * factor)


def crisp_rates(logits: np.ndarray, observed: np.ndarray, gamma: float = 0.01, delta: float = 0.1) -> np.ndarray:
    """Return class priors float64 [L] by thresholds on the scores: the best ratio of two tail shares.

    For each category and threshold, q is the share of all rows above it, and q⁺ that of the rows where the category is
    observed. q / q⁺ bounds the prior from above, where observed positives are like all positives. It is taken at the
    threshold with the lowest upper confidence bound, (q + (1 + gamma)(e + e⁺)) / q⁺, e = √(log(4 / delta) / 2N), e⁺ the
    same with the number of observed positives. A category that is never observed has 0.

    Parameters
    ----------
    logits : float [N, L]
    observed : int8 [N, L] (``ObservedLabel``)

    Source: CRISP, Liu, Wang et al. 2023, after Garg et al. 2021, "Mixture Proportion Estimation and PU Learning: A Modern
    Approach". A threshold here is a score of an observed positive.
    """
    rows = len(logits)
    prior = np.zeros(logits.shape[1])
    for column, scores in enumerate(np.asarray(logits, np.float64).T):
        positive = np.sort(scores[observed[:, column] == ObservedLabel.PRESENT])
        if not len(positive):
            continue
        thresholds = np.unique(positive)
        above = 1 - np.searchsorted(np.sort(scores), thresholds) / rows
        above_positive = 1 - np.searchsorted(positive, thresholds) / len(positive)
        error = np.sqrt(np.log(4 / delta) / 2) * (rows**-0.5 + len(positive) ** -0.5)
        best = np.argmin((above + (1 + gamma) * error) / above_positive)
        prior[column] = above[best] / above_positive[best]
    return np.clip(prior, observed_rates(observed), 1)


def expected_labels(probability: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the posterior probability float64 [n, L] of every label, given the observed ones.

    ``probability`` [n, L] are those of labels that are independent given the image. Of the labels y of an image, m are
    observed, each subset of m as likely, so that the observed ones have probability 1 / C(|y|, m). With S other labels,
    1 / C(m + S, m) = ∫ t^S m (1 - t)^(m - 1) dt over [0, 1], so that sums over all y become a product under an integral.
    A row without an observed positive has no label.
    """
    node, weight = np.polynomial.legendre.leggauss(NODES)
    node, weight = (node + 1) / 2, weight / 2
    present, free = observed == ObservedLabel.PRESENT, observed == ObservedLabel.UNOBSERVED
    count = np.maximum(present.sum(1), 1)
    unknown = np.where(free, probability, 0.0)  # of labels that may be among the others
    total = np.zeros(len(probability))
    posterior = np.zeros_like(unknown)
    for t, width in zip(node, weight, strict=True):
        factor = 1 - (1 - t) * unknown
        share = factor.prod(1) * (width * count * (1 - t) ** (count - 1))
        total += share
        posterior += (share * t)[:, None] / factor
    posterior *= unknown / total[:, None]
    posterior[present] = 1
    posterior[~present.any(1)] = 0
    return posterior


def fixed_point_rates(
    logits: np.ndarray, observed: np.ndarray, iterations: int = 300, tolerance: float = 1e-5
) -> np.ndarray:
    """Return the class priors float64 [L] of ``fixed_point``; none is lower than observed."""
    _, _, prior = fixed_point(logits, observed, iterations, tolerance)
    return np.maximum(prior, observed_rates(observed))


def fixed_point(
    logits: np.ndarray,
    observed: np.ndarray,
    iterations: int = 300,
    tolerance: float = 1e-5,
    slope_penalty: float = SLOPE_PENALTY,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return slope, offset and class priors, float64 [L] each: the fixed point of EM for a teacher that it calibrates.

    The model: labels are independent given the image, with probability sigmoid(slope·logit + offset), both per category; the
    observed labels are some of them, each equally likely. E: the posterior of every label (``expected_labels``). M: the
    logistic fit of each category to its posteriors. The priors are the means of the posteriors. A category that is never
    observed has almost 0.

    Parameters
    ----------
    logits : float [N, L]
    observed : int8 [N, L] (``ObservedLabel``)
    iterations, tolerance
        The most steps of EM, and the change of every prior at which it ends.
    slope_penalty : float
        Pulls the slopes of categories to 1 for logits of standard deviation 1, as hard as some positives each.

    Source: EM for a logistic model of positive and unlabelled data (Ward et al. 2009, "Presence-Only Data and the EM
    Algorithm"), with the observation model of single positives.
    """
    scores = np.asarray(logits, np.float64)
    mean, std = scores.mean(0), scores.std(0)
    scale = np.where(std > 0, std, 1)
    scores = (scores - mean) / scale
    prior = np.clip(2 * observed_rates(observed), 1e-4, 0.9)
    slope, offset = np.ones(len(prior)), np.log(prior / (1 - prior))
    posterior = np.empty_like(scores)
    for _ in range(iterations):
        for start in range(0, len(scores), BLOCK):
            rows = slice(start, start + BLOCK)
            posterior[rows] = expected_labels(_sigmoid(slope * scores[rows] + offset), observed[rows])
        previous, prior = prior, posterior.mean(0)
        if np.abs(prior - previous).max() < tolerance:
            break
        slope, offset = _logistic_fit(scores, posterior, slope, offset, slope_penalty)
    return slope / scale, offset - slope / scale * mean, prior


def estimated_number(logits: blocks.Rows, observed: blocks.Rows) -> float:
    """Return the labels per image that the fixed point tells, from rows [N, L] that the model was not trained on.

    Of more than ``ROWS`` evenly spaced ones are taken: the number of their labels is off by less than the estimate.
    """
    some_logits, some_observed = blocks.sampled(logits, observed, most=ROWS)
    return float(fixed_point_rates(some_logits, some_observed).sum())


def estimated_rates(rates: np.ndarray, logits: blocks.Rows, observed: blocks.Rows) -> np.ndarray:
    """Return the class priors float64 [L] that the pipeline takes where no truth is known.

    They are the observed rates, scaled to the sum of the fixed point: of all estimates of benchmarks/priors.py those with
    the smallest error.

    Parameters
    ----------
    rates : float [L]
        The observed rates of all rows.
    logits : float [n, L]
        Of a teacher, on rows that it was not trained on.
    observed : int8 [n, L] (``ObservedLabel``)
        The observed labels of these rows.
    """
    return scaled_rates(rates, estimated_number(logits, observed))


def _logistic_fit(
    scores: np.ndarray, targets: np.ndarray, slope: np.ndarray, offset: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset [L] after some steps of Newton's method for the logistic fit of targets [N, L] to scores."""
    for _ in range(NEWTON_STEPS):
        probability = _sigmoid(slope * scores + offset)
        weight, excess = np.maximum(probability * (1 - probability), 1e-9), probability - targets
        by_slope = (excess * scores).sum(0) + penalty * (slope - 1)
        by_offset = excess.sum(0)
        weighted = weight * scores
        slopes, mixed, offsets = (weighted * scores).sum(0) + penalty, weighted.sum(0), weight.sum(0)
        determinant = slopes * offsets - mixed**2
        slope = slope - np.clip((offsets * by_slope - mixed * by_offset) / determinant, -2, 2)
        offset = offset - np.clip((slopes * by_offset - mixed * by_slope) / determinant, -2, 2)
        slope, offset = np.clip(slope, 0, 20), np.clip(offset, -30, 30)
    return slope, offset


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the sigmoid in float64, same shape."""
    return 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
