"""The command of a target of make: `make predict IMAGES=pictures CONFIG=own.yaml`."""

import json
import os
from collections.abc import Mapping

from plan.errors import ConfigError
from plan.repeated_keys import repeated_keys

VARIABLES = ("CONFIG", "DATASET", "IMAGES")
PREDICT = "predict"  # the target that IMAGES belongs to


def arguments(target: str, values: Mapping[str, str]) -> list[str]:
    """Return the command that runs a target, as a list of arguments; no shell reads it.

    ``values`` are the variables of make, empty where not named: CONFIG, a file laid over config.yaml; DATASET, the name of a
    data set; IMAGES, a folder or list of pictures to label.

    Raises
    ------
    ConfigError
        When CONFIG or IMAGES names nothing that is there, or config.yaml or CONFIG is no YAML: one line for each.
    """
    config, images = values["CONFIG"], values["IMAGES"] if target == PREDICT else ""
    files = filter(os.path.isfile, dict.fromkeys(["config.yaml", config]))  # Snakemake's own error names no file
    mistakes = [line for path in files for line in repeated_keys(path)]
    if config and not os.path.isfile(config):
        mistakes.append(f"CONFIG: found {config!r}, which is no file; wanted a configuration, as own.yaml")
    if images and not os.path.exists(images):
        mistakes.append(
            f"IMAGES: found {images!r}, which is not there; wanted a folder of pictures to label, or a text file with the path "
            f"of one on each line: make {PREDICT} IMAGES=pictures"
        )
    if mistakes:
        raise ConfigError(mistakes)
    settings = [f"dataset={json.dumps(values['DATASET'])}"] if values["DATASET"] else []
    if images:
        settings.append(f"{PREDICT}={json.dumps({'images': images}, ensure_ascii=False)}")
    command = ["snakemake", "--cores", "all"]
    command += ["--configfile", config] if config else []
    command += ["--config", *settings] if settings else []
    return [*command, "--", target]
