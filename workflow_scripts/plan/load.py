"""From what Snakemake read to experiments: the configuration checked as a whole, one experiment per data set."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from plan import checks, errors
from plan.config import Config
from plan.errors import ConfigError
from plan.experiment import Experiment


def experiments(config: Mapping[str, Any]) -> dict[str, Experiment]:
    """Return the experiment of every data set.

    References between names are checked for the data set that runs: others may be half written.

    Raises
    ------
    ConfigError
        When the configuration has mistakes: one line for each.
    """
    try:
        checked = Config.model_validate(config)
    except ValidationError as error:
        raise ConfigError(errors.lines(error, Config, config)) from None
    if lines := list(errors.unknown("dataset", checked.dataset, list(checked.datasets))):
        raise ConfigError(lines)
    every = {name: Experiment(checked, name) for name in checked.datasets}
    lines = list(checks.mistakes(every[checked.dataset]))
    if lines:
        suffix = f" (as it holds for data set {checked.dataset})"
        raise ConfigError(line if line.startswith("datasets.") else line + suffix for line in lines)
    return every
