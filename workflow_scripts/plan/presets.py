"""Presets of the section training: values for several keys under one name. Config, docs and tests read this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Values for keys of the section training, and what they are."""

    description: str
    values: Mapping[str, Any]


RATES = [1e-2, 1e-3, 1e-4, 1e-5]
END_TO_END: dict[str, Any] = {
    "mode": "end_to_end",
    "head": "linear",
    "augment": ["flip"],
    "schedule": "constant",
    "freeze_batch_norm": False,
    "weight_average": 0.0,
    "weight_decay": 0.0,
    "epochs": 10,
    "patience": None,
    "batch_sizes": [8, 16],
    "learning_rates": RATES,
}

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
            "learning_rates": RATES,
        },
    ),
    "end_to_end": Preset(
        "the published search with a trained backbone (Cole et al. 2021): a linear head, eight candidates, flips, Adam alone",
        END_TO_END,
    ),
    "end_to_end_zhou": Preset(
        "one candidate, stopped at the first epoch that does not gain (Zhou et al. 2022, COCO and NUS-WIDE; VOC has batches of 8, "
        "CUB batches of 8 and a learning rate of 1.0e-4)",
        END_TO_END | {"patience": 1, "batch_sizes": [16], "learning_rates": [1e-5]},
    ),
    "end_to_end_fast": Preset(
        "a shorter recipe of ours: AdamW with one cycle of the learning rate, an average of the weights, larger batches",
        END_TO_END
        | {
            "schedule": "one_cycle",
            "weight_average": 0.99,
            "weight_decay": 0.01,
            "epochs": 5,
            "batch_sizes": [32],
            "learning_rates": [3e-3, 1e-3],
        },
    ),
}


TRAINED = "end_to_end"  # the preset of a mode that trains the backbone, where none is named


def is_trained(options: Mapping[str, Any]) -> bool:
    """Return whether the backbone is trained, too."""
    return options.get("mode", "frozen") != "frozen"


def expanded(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a section that are named, and those of the preset among them that are not."""
    values = dict(named)
    preset = values.pop("preset", None) or (TRAINED if is_trained(values) else None)
    return {**(PRESETS[preset].values if preset else {}), **values}
