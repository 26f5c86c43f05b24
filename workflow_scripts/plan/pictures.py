"""What needs pictures, and ends with one line where a data set has none, or where features come from files."""

import sys

from plan import backbones
from plan.experiment import Experiment


def require(experiment: Experiment, what: str) -> None:
    """End with one line where a data set has no pictures; ``what`` needs them."""
    if not experiment.source.has_pictures:
        sys.exit(
            f"Error: {what} needs pictures, and data set {experiment.dataset} has features alone (source features); wanted "
            "another target, as report or exports"
        )


def require_network(experiment: Experiment, backbone: str, what: str) -> None:
    """End with one line where a model takes features of files; ``what`` needs the network that made them."""
    if backbones.is_file(experiment, backbone):
        sys.exit(
            f"Error: {what} needs the network of the model's backbone, and {backbone} is features of files (library file); wanted "
            "predict.model with another backbone; checkpoint.safetensors of each model takes features as they are"
        )
