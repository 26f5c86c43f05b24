"""What the terminal says at the end of a run: where the results lie that were asked for."""

import csv
import json
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from plan import experiments, paths, published, reporting, review
from plan.differences import differences, sentence
from plan.errors import ConfigError
from plan.experiment import Experiment, variants_of

SHOWN = 3  # files that a message names


def text(experiment: Experiment, targets: Collection[str], files: Collection[str] = ()) -> str:
    """Return a paragraph for each target of a run; ``files`` were asked for by their paths.

    Raises
    ------
    ConfigError
        Where the target was the report, and the one that is there is of other settings.
    """
    wanted = ["report" if name == "all" else name for name in targets]
    paragraphs = [TARGETS[name](experiment) for name in TARGETS if name in wanted]
    if files:
        names = sorted(files)
        more = [f"  and {len(names) - SHOWN:,} more"] if len(names) > SHOWN else []
        paragraphs.append("\n".join(["Made:", *(f"  {name}" for name in names[:SHOWN]), *more]))
    return "\n\n".join(paragraphs)


def _report(experiment: Experiment) -> str:
    """Return the report's path, its verdict, and the mAP of every method."""
    compared = experiment.compared
    path, provenance = paths.report(compared), paths.provenance(compared)
    recorded = json.loads(Path(provenance).read_text(encoding="utf-8"))["config"]
    if different := list(differences(recorded, reporting.record(experiment))):
        raise ConfigError(
            [
                f"{path} was made with other settings: {sentence(different)}. Run again without --rerun-triggers, or delete "
                f"{provenance} to see what is out of date"
            ]
        )
    summary = Path(paths.summary(compared)).read_text(encoding="utf-8").rstrip("\n")
    folder = os.path.dirname(paths.figure("figure_1a", compared))
    return f"Report:  {path}\nFigures: {folder}\n\n{summary}"


def _published(experiment: Experiment) -> str:
    """Return our numbers beside the published ones, a line for each, and the table that has them."""
    path = published.shown_table(experiment)
    return f"{published.text(list(_rows(path)))}\n\nThe same as a table: {path}"


def _gallery(experiment: Experiment) -> str:
    """Return the table of the labels that the gallery shows, or the folder of the tables of several τ, and the pages."""
    name, variant, seed = review.asked(experiment)
    path = Path(paths.pseudo_labels(experiment.dataset, name, seed, variant))
    several = len(variants_of(experiment.pseudo_labels[name])) > 1
    galleries = (review.shown_gallery(experiment), *review.pool_galleries(experiment))
    table = path.parent if several else path.with_suffix(".csv")
    return "\n".join([f"Labels:  {table}", *(f"Gallery: {page}" for page in galleries)])


def _exports(experiment: Experiment) -> str:
    folders = review.shown_exports(experiment)
    return f"Exports: {os.path.commonpath(folders)} ({len(folders):,} folders)"


def _review(experiment: Experiment) -> str:
    """Return how many questions there are, the page that asks them, and their table."""
    queue, *page = review.shown_review(experiment)
    count = sum(1 for _ in _rows(queue))
    questions = f"{count:,} {'question' if count == 1 else 'questions'}"
    return f"{questions}: {page[0]}\nThe same as a table: {queue}" if page else f"{questions}: {queue}"


def _simulate_review(experiment: Experiment) -> str:
    table, figure, *_ = review.shown_simulation(experiment)
    return f"Simulated answers: {figure}\nThe same as a table: {table}"


def _predict(experiment: Experiment) -> str:
    """Return how many pictures have labels, how many files could not be read or are no pictures, and where predictions lie."""
    names = ("predictions.csv", "predictions.html", "left_out.csv")
    table, page, left_out = (paths.predictions(name, experiment.dataset) for name in names)
    problems = [bool(row["problem"]) for row in _rows(table)]
    unread = sum(problems) + sum(1 for _ in _rows(left_out))
    counts = f"{len(problems) - sum(problems):,} labelled, {unread:,} unreadable"
    return f"Predictions, {counts}: {page}\nThe same as a table: {table}"


def _model(experiment: Experiment) -> str:
    card = paths.chosen("README.md", experiment.dataset)
    return f"Model: {os.path.dirname(card)}\nIts card, with the lines that use it: {card}"


TARGETS: dict[str, Callable[[Experiment], str]] = {
    "gallery": _gallery,
    "report": _report,
    "compare": experiments.closing,
    "published": _published,
    "exports": _exports,
    "review": _review,
    "simulate_review": _simulate_review,
    "predict": _predict,
    "model": _model,
}


def _rows(path: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
