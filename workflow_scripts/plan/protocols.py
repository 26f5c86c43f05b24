"""The protocols of published tables, a configuration each in docs/published: the command that runs one, and the table of all."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from plan import load, published
from plan.errors import ConfigError, unknown
from plan.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "published"
VARIABLES = ("PROTOCOL", "DATASET", "CONFIG")


def names() -> list[str]:
    """Return the names of the protocols, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def arguments(values: Mapping[str, str]) -> list[str]:
    """Return the command that runs a protocol, as a list of arguments; no shell reads it.

    ``values`` are the variables of make: PROTOCOL, the name of one; DATASET, where it is another than the protocol's first;
    CONFIG, a file laid over it, which may name paths and the machine.

    Raises
    ------
    ConfigError
        Where there is no such protocol, where it has no numbers of this data set, or where CONFIG is no file.
    """
    name, dataset, config = (values[key] for key in VARIABLES)
    mistakes = list(unknown("PROTOCOL", name, names()))
    if not mistakes and dataset:
        mistakes = list(unknown("DATASET", dataset, list(experiments(name))))
    if config and not os.path.isfile(config):
        mistakes.append(f"CONFIG: found {config!r}, which is no file; wanted a configuration, as own.yaml")
    if mistakes:
        raise ConfigError(mistakes)
    command = ["snakemake", "--cores", "all", "--configfile", os.path.relpath(FOLDER / f"{name}.yaml")]
    command += [config] if config else []
    command += ["--config", f"dataset={json.dumps(dataset)}"] if dataset else []
    return [*command, "--", "published"]


def experiments(name: str) -> dict[str, Experiment]:
    """Return the experiments of a protocol by data set: those with published numbers, in the order of the file."""
    own = _read(FOLDER / f"{name}.yaml")
    found = load.experiments(_merged(_read(ROOT / "config.yaml"), own))
    return {dataset: found[dataset] for dataset in own["datasets"] if found[dataset].entry.published}


def overview() -> str:
    """Return the numbers of all protocols as text, ours beside them where a run has made them."""
    return "\n\n".join(_paragraph(name, experiment) for name in names() for experiment in experiments(name).values())


def _paragraph(name: str, experiment: Experiment) -> str:
    """Return the command of a protocol on a data set, and the numbers."""
    command = f"make published PROTOCOL={name} DATASET={experiment.dataset}"
    return f"{command}\n{published.text(list(_rows(experiment)))}"


def _rows(experiment: Experiment) -> Iterator[dict[str, str]]:
    """Yield the rows that compare_published writes; what no run has made yet is empty."""
    path, method = Path(published.shown_table(experiment)), ("kind", "name", "variant")
    made = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            made = {tuple(row[key] for key in method): row for row in csv.DictReader(file)}
    for row in published.rows(experiment):
        own = made.get(tuple(row[key] for key in method), {})
        yield row | {key: own.get(key, "") for key in ("test_map", "test_map_std", "replicates")}


def _read(path: Path) -> dict[str, Any]:
    """Return the content of a configuration file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with another one laid over it, section by section, as Snakemake does with --configfile."""
    both = {
        key: _merged(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in above.items()
    }
    return {**below, **both}
