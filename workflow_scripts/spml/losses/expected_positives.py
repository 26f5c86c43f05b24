"""Losses that know how many positives to expect per image.

Sources: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels"; Verelst et al. 2023, "Spatial Consistency
Loss for Training Multi-Label Classifiers from Single-Label Annotations".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.artifacts.codes import LossLabel
from spml.losses.primitives import cross_entropy, known_entries, known_negatives, mean, nl, sigmoid, stop
from spml.losses.registry import register
from spml.registry import Hyperparameter
from spml.runtime.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

K = Hyperparameter(
    "k",
    "expected positives per image, above 0; null: the sum of the priors (section priors)",
    default=None,
    above=0,
    nullable=True,
    published={"coco2014": 2.9, "voc2012": 1.5, "nuswide": 1.9, "cub": 31.4},
)

CONSISTENCY = Hyperparameter("consistency", "λ, weight of (f - running mean)²", default=1, minimum=0, maximum=1000)
MOMENTUM = Hyperparameter("momentum", "share of the running mean that an epoch keeps", default=0.8, minimum=0, below=1)
WARMUP = Hyperparameter(
    "warmup", "epochs of assume negative, fewer than there are epochs", default=1, kind="integer", minimum=1
)


@register(
    "Expected positive regularisation: observed positives, and k positives per image on average",
    source="Cole et al. 2021",
    hyperparameters=[K],
)
def epr(logits: Tensor, labels: Tensor, k: float) -> Tensor:
    """Return the mean of nl(f) where observed present, plus R(f), see ``excess``."""
    return mean(known_entries(logits, labels)) + excess(logits, labels, k)


@register(
    "Online label estimation: the model and an estimate of every training label learn from each other",
    source="Cole et al. 2021",
    hyperparameters=[K],
    state_bytes=32,
)
def role(logits: Tensor, labels: Tensor, estimates: Tensor, k: float) -> Tensor:
    """Return the loss of heads and ``estimates`` (logits [..., N, L] of e).

    ½ [nl(f) + nl(e) where observed present] + ½ [H(sg(e), f) + H(sg(f), e)] + ½ [R(f) + R(e)], R as in epr; no
    gradient runs through sg.
    """
    counted = labels != LossLabel.IGNORED
    positives = (nl(logits) + nl(estimates)) * (labels == LossLabel.PRESENT)
    mutual = cross_entropy(stop(torch.sigmoid(estimates)), logits)
    mutual = mutual + cross_entropy(stop(torch.sigmoid(logits)), estimates)
    negatives = known_negatives(logits, labels)
    regulariser = excess(logits, labels, k) + excess(estimates, labels, k)
    return mean(0.5 * (positives + mutual * counted) + negatives) + 0.5 * regulariser


def excess(logits: Tensor, labels: Tensor, k: float) -> Tensor:
    """Return R(f) = (mean over images of the expected number of positives - k)² / L², per candidate."""
    expected = (sigmoid(logits) * (labels != LossLabel.IGNORED)).sum(-1).mean(-1)
    return (expected - k).square() / logits.shape[-1] ** 2


@register(
    "Expected negatives: all but the k likeliest labels per image count as absent, by running means over the epochs",
    source="Verelst et al. 2023, the part without score maps",
    hyperparameters=[K, CONSISTENCY, MOMENTUM, WARMUP],
    state_bytes=12,
)
def expected_negatives(logits: Tensor, labels: Tensor, running: Tensor, k: float, consistency: float) -> Tensor:
    """Return the mean of nl(f) where observed present, of w nl(1 - f) where unobserved; no gradient runs through w.

    w is 1 on all but the highest running means of an image: ``running`` [..., N, L]. It leaves out k minus the number of
    observed positives of them, the last with the fraction that remains of its weight. Positives and unobserved labels
    add ``consistency`` · (f - running)².
    """
    unobserved = labels == LossLabel.UNOBSERVED
    missing = k - (labels == LossLabel.PRESENT).sum(-1, keepdim=True)
    scores = running.masked_fill(~unobserved, -torch.inf)
    rank = scores.argsort(dim=-1, descending=True, stable=True).argsort(-1)  # 0: the highest of the image
    weight = (rank + 1 - missing).clamp(0, 1) * unobserved
    counted = unobserved | (labels == LossLabel.PRESENT)
    distance = (sigmoid(logits) - running).square() * counted
    return mean(known_entries(logits, labels) + weight * nl(-logits) + consistency * distance)


@register(
    "Spatial consistency: expected negatives, and score maps that agree with their running means over the epochs",
    source="Verelst et al. 2023",
    hyperparameters=[
        K,
        CONSISTENCY,
        Hyperparameter(
            "weight",
            "weight of the distance between a score map and its running mean",
            default=1,
            minimum=0,
            maximum=1000,
        ),
        MOMENTUM,
        WARMUP,
    ],
    needs="score maps",
    state_bytes=12,
)
def spatial_consistency(
    logits: Tensor, labels: Tensor, running: Tensor, distances: Tensor, k: float, consistency: float, weight: float
) -> Tensor:
    """Return expected_negatives, and ``weight`` · the mean of ``distances`` [..., N, L], which positives and unobserved labels have.

    A distance is the mean of |F - warp(H)| over the cells of a score map F, by probabilities: H is the running mean of the
    map in the frame of the image.
    """
    counted = (labels == LossLabel.UNOBSERVED) | (labels == LossLabel.PRESENT)
    return expected_negatives(logits, labels, running, k, consistency) + weight * mean(distances * counted)
