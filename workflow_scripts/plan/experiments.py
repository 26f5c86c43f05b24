"""The named experiments of a data set beside the one that runs: their tables, and what they share with it by name."""

import json
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from plan import paths, reporting, shown
from plan.differences import differences, sentence
from plan.errors import unknown
from plan.experiment import Experiment

BY_NAME = (
    "backbones",
    "teachers",
    "pseudo_labels",
    "students",
)  # sections whose entries experiments share by their names
SHARED = ("demo", "missing_pictures", "observation", "priors", "source", "validation")  # sections that they share whole


def named(experiment: Experiment) -> list[str]:
    """Return the names of the experiments that have a folder, sorted."""
    folder = Path(paths.compared(experiment.dataset, "-")).parent
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


# -- one table and one figure of several


def compared_tables(experiment: Experiment, name: str) -> list[str]:
    """Return a table of each experiment that is compared; end with a line for each that is missing and that no rule makes."""
    for line in mistakes(experiment):
        sys.exit(f"Error: compare: {line}")
    return [paths.table(name, paths.compared(experiment.dataset, other)) for other in experiment.config.experiments]


def mistakes(experiment: Experiment) -> Iterator[str]:
    """Yield what is wrong with the experiments that are compared, a line each."""
    if not experiment.config.experiments:
        yield (
            "experiments: found none, wanted names of experiments: snakemake --cores 1 compare --config 'experiments=[a,b]'"
        )
    for name in experiment.config.experiments:
        table = paths.table("comparison", paths.compared(experiment.dataset, name))
        if name != experiment.name and not os.path.exists(experiment.located(table)):
            known = list(unknown("experiments", name, named(experiment)))
            found = known[0] if known else f"experiments: found {name!r}, which has no {table} yet"
            end = "" if found.endswith("?") else "."
            yield (
                f"{found}{end} A run with its settings makes the table: snakemake --cores all --config dataset={experiment.dataset} "
                f"experiment={name}"
            )


def compared_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of compare_experiments: the experiments in their order, and the names that figures show."""
    return {"experiments": experiment.config.experiments, "labels": shown.names(experiment)}


def shown_comparison(experiment: Experiment) -> list[str]:
    """Return the files of the target ``compare``: the table, and the figure as SVG and PNG."""
    figures = [paths.shared_figure("experiments", experiment.dataset, ending) for ending in ("svg", "png")]
    return [paths.shared_table("experiments", experiment.dataset), *figures]


def closing(experiment: Experiment) -> str:
    """Return what the terminal says at the end of ``compare``."""
    table, figure, _ = shown_comparison(experiment)
    return f"Experiments {', '.join(experiment.config.experiments)}: {figure}\nThe same as a table: {table}"


# -- settings that differ under one name


def replaced(experiment: Experiment, targets: Collection[str] = ()) -> Iterator[str]:
    """Yield a line for each other experiment that was made with other settings of what it shares with this one.

    Labels, features and models are shared by their names. A run makes them anew with its own settings, unless its only
    target is ``compare``.
    """
    if list(targets) == ["compare"]:
        return
    record = reporting.record(experiment)
    for name in ["", *named(experiment)]:
        folder = paths.compared(experiment.dataset, name)
        provenance = Path(paths.provenance(folder))
        if name == experiment.name or not provenance.is_file():
            continue
        try:
            other = json.loads(provenance.read_text(encoding="utf-8"))["config"]
        except (ValueError, KeyError, TypeError) as error:
            yield f"{provenance}: found no record of settings ({error}); delete it, and a run of that experiment writes it again"
            continue
        if different := list(differences(_shared(other, record), _shared(record, other))):
            yield (
                f"{paths.report(folder)} was made with other settings under the same names: {sentence(different)}. It stays as it "
                "is. Models are shared by their names, so this run makes those that depend on these settings anew. Other names "
                "keep the models of both."
            )


def _shared(record: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the sections of a record that another one has, too, and of sections by name the entries that it has."""
    both = {key: record[key] for key in SHARED if key in record and key in other}
    both |= {key: _common(record[key], other[key]) for key in BY_NAME}
    variants = other["pseudo_labels"]  # each a file of its own: another τ replaces nothing
    both["pseudo_labels"] = {name: _common(entry, variants[name]) for name, entry in both["pseudo_labels"].items()}
    return both


def _common(entries: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Return the entries whose names others have, too."""
    return {name: entry for name, entry in entries.items() if name in others}
