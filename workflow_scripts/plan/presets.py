"""Presets of the section training: values for several keys under one name. Config, docs and tests read this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Values for keys of the section training, and what they are."""

    description: str
    values: Mapping[str, Any]


PRESETS = {
    "cole_linear": Preset(
        "the published search on frozen features (Cole et al. 2021): a linear head, eight candidates, Adam alone",
        {
            "head": "linear",
            "standardize": False,
            "input_dropout": 0.0,
            "weight_average": 0.0,
            "weight_decay": 0.0,
            "epochs": 25,
            "patience": None,
            "batch_sizes": [8, 16],
            "learning_rates": [1e-2, 1e-3, 1e-4, 1e-5],
        },
    ),
}


def expanded(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a section that are named, and those of the preset among them that are not."""
    values = dict(named)
    preset = values.pop("preset", None)
    return {**(PRESETS[preset].values if preset else {}), **values}
