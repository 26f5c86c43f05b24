"""Inputs and params of compare_published: the models that published numbers are of, and these numbers."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from plan import paths, shown
from plan.experiment import Experiment, parse_reference, plain, tau_of


def models(experiment: Experiment) -> list[dict[str, Any]]:
    """Return every replicate of the models that published numbers are of, as plain rows like those of rows.models()."""
    section = experiment.entry.published
    return [
        {"kind": kind, "name": name, "variant": variant, "tau": tau_of(variant), "seed": seed}
        for kind, name, variant in map(_method, section.map if section else ())
        for seed in experiment.seeds
    ]


def metrics(experiment: Experiment) -> list[str]:
    """Return the metrics of these models alone, in the order of models(); end with a line where the data set names none."""
    if not experiment.entry.published:
        sys.exit(
            f"Error: published: datasets.{experiment.dataset}.published: found nothing, wanted published numbers: "
            "make published lists the protocols that have some"
        )
    folders = (experiment.folder(row["name"], row["variant"], row["seed"]) for row in models(experiment))
    return [paths.metrics(experiment.dataset, folder) for folder in folders]


def options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of compare_published: source, mode, numbers by kind/name/variant in order, and names of methods."""
    section = experiment.entry.published
    if not section:
        return {}
    numbers = [("/".join(_method(reference)), value) for reference, value in section.map.items()]
    return plain({"labels": shown.names(experiment), "map": numbers, "mode": section.mode, "source": section.source})


def _method(reference: str) -> tuple[str, str, str]:
    """Return kind, name and variant of a model that is named by reference."""
    name, variant = parse_reference(reference)
    return "students" if variant else "teachers", name, variant


def rows(experiment: Experiment) -> list[dict[str, str]]:
    """Return a row per published number as text: kind, name, variant, label, published_map (two decimals) and source."""
    section = experiment.entry.published
    if not section:
        return []
    return [
        dict(zip(("kind", "name", "variant"), _method(reference), strict=True))
        | {"label": shown.name(experiment, reference), "source": section.source}
        | {"published_map": "" if value is None else f"{value:.2f}"}
        for reference, value in section.map.items()
    ]


def shown_table(experiment: Experiment) -> str:
    """Return the table of the target ``published``."""
    return paths.table("published", experiment.compared)


def reported(experiment: Experiment) -> str | list[str]:
    """Return this table, where the data set has published numbers: the report shows it."""
    return shown_table(experiment) if experiment.entry.published else []


def text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows of that table as lines: the source, then label, published mAP, ours with its deviation, and replicates."""
    lines = [rows[0]["source"]] if rows else []
    cells = [("", "published", "ours", "replicates")]
    for row in rows:
        std = f" ± {row['test_map_std']}" if row["test_map_std"] else ""
        cells.append(
            (row["label"], row["published_map"] or "-", f"{row['test_map'] or '-'}{std}", row["replicates"] or "-")
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines += [
        "  ".join(
            [label.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        )
        for label, *others in cells
    ]
    return "\n".join(lines)
