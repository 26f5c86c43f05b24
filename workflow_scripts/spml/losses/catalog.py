"""All losses by name. The configuration, the documentation and training read them here; PyTorch is not imported."""

from spml.losses import (
    assume_negative,
    entropy,
    expected_positives,
    focal,
    full_supervision,
    known_labels,
    large_loss,
    partial_labels,
    positive_unlabeled,
    ranking,
    robust,
    self_training,
)
from spml.losses.registry import REGISTERED, Loss

FAMILIES = (
    full_supervision,
    known_labels,
    assume_negative,
    ranking,
    expected_positives,
    entropy,
    large_loss,
    robust,
    focal,
    positive_unlabeled,
    self_training,
    partial_labels,
)  # in the order of the documentation

LOSSES: dict[str, Loss] = {
    name: loss
    for family in FAMILIES
    for name, loss in REGISTERED.items()
    if loss.function.__module__ == family.__name__
}
ACCEPTS_SOFT_TARGETS = tuple(name for name, loss in LOSSES.items() if loss.accepts_soft_targets)
TAKES_BOTH = tuple(name for name, loss in LOSSES.items() if loss.needs == "observed and pseudo-labels")
NEEDS_NEGATIVES = tuple(name for name, loss in LOSSES.items() if loss.needs in ("true negatives", "observed negatives"))
NEEDS_MAPS = tuple(name for name, loss in LOSSES.items() if loss.needs == "score maps")
