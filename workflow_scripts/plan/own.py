"""The configuration and the command of `make own`: from a table of tags to labels, pages and model."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from plan import answers, tar_names
from plan.errors import ConfigError, unknown

CONFIG = "own.yaml"
ANSWERS = "own_answers"  # the folder of all answers so far
BACKBONE = "resnet50"
RESULTS = "results/own"
USAGE = "make own CSV=tags.csv IMAGES=pictures"
WANTED = {  # variable of make to what it names
    "CSV": ("file", "a table with the columns path and observed (docs/own_data.md)"),
    "IMAGES": ("folder", "the folder of the pictures, which the column path starts from, or tars of them"),
    "PREDICT": (
        "folder or list",
        "a folder of pictures to label, tars, or a text file with the path of one on each line",
    ),
    "ANSWERS": ("file of answers", "the answers.csv that the page has saved (docs/review.md)"),
}
ENDINGS = {"file": (".csv",), "file of answers": answers.ENDINGS}
VARIABLES = (*WANTED, "BACKBONE")
KEYS = {  # variable of make to its key in the entry of the data set
    "CSV": "train.annotations",
    "IMAGES": "train.images",
    "BACKBONE": "backbone",
}


def config_lines(values: Mapping[str, str], backbones: Sequence[str]) -> list[str]:
    """Return the lines of the configuration; ``values`` are the variables of make, empty where not named.

    Raises
    ------
    ConfigError
        When CSV or IMAGES is not named, or not there, or BACKBONE is none of the ``backbones``: one line for each.
    """
    named = {name: values[name] for name in KEYS} | {"BACKBONE": values["BACKBONE"] or BACKBONE}
    _require_there(named, backbones)
    lines = ["dataset: own", _data_set_line(named), _line("review", {"answers": [ANSWERS]})]
    return [*lines, *lines_to_add({}, values)]


def corrected(text: str, config: Any, values: Mapping[str, str], backbones: Sequence[str]) -> str:
    """Return the text of the configuration with the variables of make, where nothing was made from the values that it has.

    The line of the data set must still be as ``config_lines`` writes it.

    Raises
    ------
    ConfigError
        As ``config_lines`` does.
    """
    there = _named(config)
    folders = {"CSV": RESULTS, "IMAGES": RESULTS, "BACKBONE": f"{RESULTS}/features/{there['BACKBONE']}"}
    differing = {name: values[name] for name in KEYS if _differs(name, values[name], there[name])}
    wanted = there | {name: value for name, value in differing.items() if not os.path.exists(folders[name])}
    line = _data_set_line(there)
    if wanted == there or line not in text.splitlines():
        return text
    _require_there(wanted, backbones)
    return text.replace(line, _data_set_line(wanted))


def _require_there(named: Mapping[str, str], backbones: Sequence[str]) -> None:
    """Raise where a table or a folder is not there, or a backbone is none of those that there are."""
    mistakes = [line for name in ("CSV", "IMAGES") for line in _mistake(name, named[name], needed=True)]
    mistakes += [f"{line} (backbones of config.yaml)" for line in unknown("BACKBONE", named["BACKBONE"], backbones)]
    if mistakes:
        raise ConfigError(mistakes)


def _data_set_line(named: Mapping[str, str]) -> str:
    """Return the line of the data set; ``named`` are the variables of make of ``KEYS``."""
    train = {"annotations": named["CSV"], "images": named["IMAGES"]}
    return _line("datasets", {"own": {"source": "csv", "backbone": named["BACKBONE"], "train": train}})


def _named(config: Any) -> dict[str, str]:
    """Return the values of the configuration by the variables of make of ``KEYS``."""
    try:
        entry = config["datasets"]["own"]
        return {"CSV": entry["train"]["annotations"], "IMAGES": entry["train"]["images"], "BACKBONE": entry["backbone"]}
    except (KeyError, TypeError):
        raise ConfigError(
            [f"{CONFIG}: found no data set own with its train part; delete {CONFIG}, then {USAGE}"]
        ) from None


def _differs(name: str, value: str, there: object) -> bool:
    """Return whether a variable of make says otherwise than the configuration; paths may be written in several ways."""
    if not value or value == there:
        return False
    return name == "BACKBONE" or not isinstance(there, str) or os.path.normpath(value) != os.path.normpath(there)


def lines_to_add(config: Mapping[str, Any], values: Mapping[str, str]) -> list[str]:
    """Return the lines that the configuration lacks: PREDICT, where it names no pictures to label yet."""
    return [_line("predict", {"images": values["PREDICT"]})] if values["PREDICT"] and "predict" not in config else []


def _line(key: str, value: object) -> str:
    """Return a key of the configuration on one line; JSON is YAML."""
    return f"{key}: {json.dumps(value, ensure_ascii=False)}"


def require_same(config: Any, values: Mapping[str, str]) -> None:
    """Raise where the variables of make say otherwise than the configuration that is there.

    Raises
    ------
    ConfigError
        One line for each variable that differs, or one where the configuration has no data set own.
    """
    mistakes = [
        f"{name}: found {values[name]!r}, but {CONFIG} has {value!r} as datasets.own.{KEYS[name]}; change it there, or delete "
        f"{CONFIG} to have it written again"
        for name, value in _named(config).items()
        if _differs(name, values[name], value)
    ]
    if values["ANSWERS"] and ANSWERS not in answers_of(config):
        mistakes.append(
            f"ANSWERS: found no {ANSWERS} in review.answers of {CONFIG}, where answers are kept; add it: "
            f"review: {{answers: [{ANSWERS}]}}"
        )
    if mistakes:
        raise ConfigError(mistakes)


def answers_of(config: Mapping[str, Any]) -> list[str]:
    """Return the files and folders of answers that the configuration names."""
    review = config.get("review")
    named = review.get("answers") if isinstance(review, dict) else None
    return named if isinstance(named, list) else []


def table_of(config: Mapping[str, Any]) -> tuple[str, str | None, bool, str | None, list[str]]:
    """Return the table, the list of its categories, whether answers about what is not there are left out, the pool, and its tars.

    Raises
    ------
    ConfigError
        When the pool lies in object storage, where nothing is looked up before a run.
    """
    entry, review = config["datasets"]["own"], config.get("review") or {}
    leave_out, pool = review.get("unknown_answers") == "leave_out", (entry.get("pool") or {}).get("images")
    if pool and tar_names.is_remote(pool):
        raise ConfigError(
            [f"ANSWERS: found the pool {pool!r}, which is not here to compare; name the file in review.answers"]
        )
    return entry["train"]["annotations"], entry.get("categories"), leave_out, pool, tar_names.named(pool)


def arguments(config: Mapping[str, Any], values: Mapping[str, str]) -> list[str]:
    """Return the command that runs the pipeline, as a list of arguments; no shell reads it.

    Raises
    ------
    ConfigError
        When PREDICT or ANSWERS names nothing that is there.
    """
    if mistakes := [line for name in ("PREDICT", "ANSWERS") for line in _mistake(name, values[name], needed=False)]:
        raise ConfigError(mistakes)
    command = ["snakemake", "--cores", "all", "--configfile", CONFIG, "--"]
    targets = ["all", "gallery", "review", "model"]
    kept = config.get("predict") or {}
    if values["PREDICT"] and kept and values["PREDICT"] != kept.get("images"):  # other pictures, this time
        images = json.dumps({"images": values["PREDICT"]}, ensure_ascii=False)
        command[-1:] = ["--config", f"predict={images}", "--"]
    return [*command, *targets, *(["predict"] if values["PREDICT"] or kept.get("images") else [])]


def _mistake(name: str, path: str, needed: bool) -> list[str]:
    """Return one line where a variable of make is not named though it is needed, or names nothing that is there."""
    kind, wanted = WANTED[name]
    if not path:
        return [f"{name}: found nothing, wanted {wanted}: {USAGE}"] if needed else []
    if kind.startswith("folder") and tar_names.are_tars(path):
        return list(tar_names.mistakes(name, path))
    if not os.path.exists(path):
        return [f"{name}: found {path!r}, which is not there; wanted {wanted}"]
    if kind == "folder" and not os.path.isdir(path):
        return [f"{name}: found {path!r}, which is no folder; wanted {wanted}"]
    if kind in ENDINGS and not (os.path.isfile(path) and path.lower().endswith(ENDINGS[kind])):
        return [
            f"{name}: found {path!r}, which is no file whose name ends in {' or '.join(ENDINGS[kind])}; wanted {wanted}"
        ]
    return []
