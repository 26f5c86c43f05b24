"""Losses that learn from known labels alone and leave the unobserved ones out.

Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spml.losses.primitives import known_entries, mean
from spml.losses.registry import register

if TYPE_CHECKING:
    from torch import Tensor


@register(
    "Ignore unobserved, ideal: as iu, with every true negative known; a bound, not a method",
    source="Cole et al. 2021, section 3, as intended",
    needs="true negatives",
)
def iun(logits: Tensor, labels: Tensor) -> Tensor:
    """Return iu of labels in which every true negative is known.

    This is the intended form: the published code tests for a label that never occurs.
    """
    return iu(logits, labels)


@register(
    "Ignore unobserved: only observed positives and observed negatives count",
    source="Cole et al. 2021, section 3",
    needs="observed negatives",
)
def iu(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of nl(f) where observed present, nl(1 - f) where observed absent, 0 elsewhere.

    From positives alone it learns that everything is present.
    """
    return mean(known_entries(logits, labels))
