"""The device that computes."""

import torch

from spml.errors import InputError


def choose_device(wanted: str) -> str:
    """``cpu`` or ``cuda``; ``auto`` is CUDA where there is a GPU."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("machine.device: found cuda, but this machine has no CUDA device; wanted auto or cpu")
    return wanted
