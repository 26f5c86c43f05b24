"""The experiments of a configuration: one per data set, after the configuration is checked as a whole."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from plan import checks, errors
from plan.config import Config
from plan.errors import ConfigError
from plan.experiment import Experiment
from plan.repeated_keys import repeated_keys
from plan.schema import Schema
from plan.typed import typed


def require_keys_once(files: Iterable[str]) -> None:
    """Raise where a configuration file repeats a key.

    Raises
    ------
    ConfigError
        One line for each repeated key: the file, the key and both lines.
    """
    lines = [line for path in dict.fromkeys(map(str, files)) for line in repeated_keys(path)]
    if lines:
        raise ConfigError(lines)


def experiments(
    config: Mapping[str, Any],
    command_line: Mapping[str, Any] = MappingProxyType({}),
    locate: Callable[[str], str] = str,
) -> dict[str, Experiment]:
    """Return the experiment of every data set; ``command_line`` are the values that --config names among those of ``config``;
    ``locate`` puts the prefix of a module before the path of an artifact.

    References between names are checked for the selected data set alone: others may be unfinished.

    Raises
    ------
    ConfigError
        When the configuration has mistakes: one line for each.
    """
    if not isinstance(config, Mapping):
        raise ConfigError([f"found {config!r}, wanted keys with values, as in config.yaml"])
    config = typed(config, Schema(Config), command_line)
    try:
        checked = Config.model_validate(config)
    except ValidationError as error:
        raise ConfigError(errors.lines(error, Config, config)) from None
    if lines := list(errors.unknown("dataset", checked.dataset, list(checked.datasets))):
        raise ConfigError(lines)
    by_name = {name: Experiment(checked, name, locate) for name in checked.datasets}
    lines = list(checks.mistakes(by_name[checked.dataset]))
    if lines:
        suffix = f" (as it holds for data set {checked.dataset})"
        raise ConfigError(line if line.startswith("datasets.") else line + suffix for line in lines)
    return by_name
