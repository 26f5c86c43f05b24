"""Which values the matrices of label files may hold."""

import numpy as np

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.runtime.errors import InputError

CODES = {  # by kind of file; without gaps
    "annotations": TrueLabel,
    "labels": TrueLabel,
    "observed": ObservedLabel,
    "pseudo_labels": PseudoLabel,
}


def require_known(path: str, kind: str, values: np.ndarray, start: tuple[int, int], advice: str) -> None:
    """Raise InputError unless the values [n, l] of rows and categories from ``start`` on are what that kind of file holds.

    Codes for labels, numbers from 0 to 1 for soft targets, finite numbers for logits, and for weights none below 0.
    """
    if values.dtype.kind != "f":
        codes = [int(code) for code in sorted(CODES[kind])]
        good, wanted = (values >= codes[0]) & (values <= codes[-1]), f"one of {', '.join(map(str, codes))}"
    elif kind == "pseudo_labels":
        good, wanted = (values >= 0) & (values <= 1), "numbers from 0 to 1"
    elif kind == "observation_weights":
        good, wanted = np.isfinite(values) & (values >= 0), "finite numbers from 0"
    else:
        good, wanted = np.isfinite(values), "finite numbers"
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise InputError(
            f"{path}: row {start[0] + row}, category {start[1] + column} holds {values[row, column]}, wanted {wanted}; {advice}"
        )
