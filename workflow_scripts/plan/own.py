"""The configuration and the command of `make own`: from a table of tags to labels, gallery and model."""

import json
import os
from collections.abc import Mapping
from typing import Any

from plan.errors import ConfigError

CONFIG = "own.yaml"
BACKBONE = "resnet50"
USAGE = "make own CSV=tags.csv IMAGES=pictures"
WANTED = {  # variable of make to what it names
    "CSV": ("file", "a table with the columns path and observed (docs/own_data.md)"),
    "IMAGES": ("folder", "the folder of the pictures, which the column path starts from"),
    "PREDICT": ("folder or list", "a folder of pictures to label, or a text file with the path of one on each line"),
}


def config_lines(values: Mapping[str, str]) -> list[str]:
    """Return the two lines of the configuration; ``values`` are the variables of make, empty where not named.

    Raises
    ------
    ConfigError
        When CSV or IMAGES is not named, or not there: one line for each.
    """
    mistakes = [line for name in ("CSV", "IMAGES") for line in _mistake(name, values[name], needed=True)]
    if mistakes:
        raise ConfigError(mistakes)
    train = {"annotations": values["CSV"], "images": values["IMAGES"]}
    entry = {"source": "csv", "backbone": values["BACKBONE"] or BACKBONE, "train": train}
    return ["dataset: own", f"datasets: {json.dumps({'own': entry}, ensure_ascii=False)}"]  # JSON is YAML


def require_same(config: Any, values: Mapping[str, str]) -> None:
    """Raise where the variables of make say otherwise than the configuration that is there.

    Raises
    ------
    ConfigError
        One line for each variable that differs, or one where the configuration has no data set own.
    """
    try:
        entry = config["datasets"]["own"]
        there = {"CSV": entry["train"]["annotations"], "IMAGES": entry["train"]["images"]}
        there["BACKBONE"] = entry["backbone"]
    except (KeyError, TypeError):
        raise ConfigError(
            [f"{CONFIG}: found no data set own with its train part; delete {CONFIG}, then {USAGE}"]
        ) from None
    different = [name for name, value in there.items() if values[name] and values[name] != value]
    if different:
        raise ConfigError(
            f"{name}: found {values[name]!r}, but {CONFIG} has {there[name]!r}; change {CONFIG}, or delete it to have it "
            "written again"
            for name in different
        )


def arguments(values: Mapping[str, str]) -> list[str]:
    """Return the command that runs the pipeline, as a list of arguments; no shell reads it.

    Raises
    ------
    ConfigError
        When PREDICT names nothing that is there.
    """
    command = ["snakemake", "--cores", "all", "--configfile", CONFIG, "--"]
    targets = ["all", "gallery", "model"]
    if values["PREDICT"]:
        if mistakes := _mistake("PREDICT", values["PREDICT"], needed=False):
            raise ConfigError(mistakes)
        images = json.dumps({"images": values["PREDICT"]}, ensure_ascii=False)
        command[-1:] = ["--config", f"predict={images}", "--"]
        targets.append("predict")
    return [*command, *targets]


def _mistake(name: str, path: str, needed: bool) -> list[str]:
    """Return one line where a variable of make is not named though it is needed, or names nothing that is there."""
    kind, wanted = WANTED[name]
    if not path:
        return [f"{name}: found nothing, wanted {wanted}: {USAGE}"] if needed else []
    if not os.path.exists(path):
        return [f"{name}: found {path!r}, which is not there; wanted {wanted}"]
    if kind == "folder" and not os.path.isdir(path):
        return [f"{name}: found {path!r}, which is no folder; wanted {wanted}"]
    if kind == "file" and not (os.path.isfile(path) and path.lower().endswith(".csv")):
        return [f"{name}: found {path!r}, which is no file whose name ends in .csv; wanted {wanted}"]
    return []
