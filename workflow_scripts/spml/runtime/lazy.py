"""NumPy and PyTorch, imported at their first use.

The plan reads records (names, defaults, ranges) that stand beside the functions that compute. It must not pay for the
import of a library that it never calls, and must work where that library is not installed.
"""

import importlib
from typing import TYPE_CHECKING, Any


class _Library:
    """Stand for a library until one of its names is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)  # the next use is a plain attribute
        return value


if TYPE_CHECKING:
    import numpy as np
    import torch
else:
    np, torch = _Library("numpy"), _Library("torch")

__all__ = ["np", "torch"]
