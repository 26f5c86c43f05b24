"""The codes in label matrices, one enumeration per kind of matrix.

NumPy takes a member for an int64, and slowly: `np.where` and arithmetic with one need `.astype(np.int8)`, and loops over
elements take its `.value`.
"""

from enum import IntEnum

POSITIVE_TARGET = 0.5  # the smallest soft target that stands for a label


class TrueLabel(IntEnum):
    """True labels, the codes in ``labels/{part}.h5``."""

    PRESENT = 1
    ABSENT = 0
    UNKNOWN = -1


class ObservedLabel(IntEnum):
    """Observed labels, the codes in ``observed/seed_{seed}.h5``."""

    PRESENT = 1
    UNOBSERVED = 0
    ABSENT = -1


class PseudoLabel(IntEnum):
    """Pseudo-labels, the codes in ``pseudo_labels/.../{variant}.h5``, unless it holds soft targets."""

    PRESENT = 1
    ABSENT = 0
    IGNORED = -1


class LossLabel(IntEnum):
    """Labels as a loss takes them; where every label is known, UNOBSERVED stands for absent.

    The last two are pseudo-labels of what is unobserved, for losses that tell them from observed labels.
    """

    PRESENT = 1
    UNOBSERVED = 0
    ABSENT = -1
    IGNORED = -2
    PSEUDO_PRESENT = 2
    PSEUDO_ABSENT = -3
