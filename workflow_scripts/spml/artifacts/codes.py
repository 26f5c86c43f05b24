"""What the numbers in label matrices mean, one enumeration per kind of matrix.

NumPy takes a member for an int64, and slowly: `np.where` and arithmetic with one need `.astype(np.int8)`, and loops over
elements take its `.value`.
"""

from enum import IntEnum


class TrueLabel(IntEnum):
    """Of ``labels/{part}.h5``."""

    PRESENT = 1
    ABSENT = 0
    UNKNOWN = -1


class ObservedLabel(IntEnum):
    """Of ``observed/seed_{seed}.h5``."""

    PRESENT = 1
    UNOBSERVED = 0
    ABSENT = -1


class PseudoLabel(IntEnum):
    """Of ``pseudo_labels/.../{variant}.h5``, unless it holds soft targets."""

    PRESENT = 1
    ABSENT = 0
    IGNORED = -1


class LossLabel(IntEnum):
    """Of the labels that a loss is given; where everything is known, UNOBSERVED stands for absent."""

    PRESENT = 1
    UNOBSERVED = 0
    ABSENT = -1
    IGNORED = -2
