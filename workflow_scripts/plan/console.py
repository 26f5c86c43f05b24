"""The messages on the terminal before the first job and after the last."""

import json
import os
import signal
import sys
import threading
from collections.abc import Collection
from pathlib import Path

from plan import experiments, paths, reporting
from plan.differences import differences, sentence
from plan.experiment import Experiment
from plan.reporting import FIGURES


def figures(compared: str) -> list[str]:
    """Return the figures of an experiment, as SVG and PNG; ``compared`` is its folder."""
    return [paths.figure(name, compared, ending) for name in FIGURES for ending in ("svg", "png")]


def search_first(folder: str) -> None:
    """Let jobs find modules in this folder first: they search PYTHONPATH, where another clone may lie, before their script's."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))


def require_folders() -> None:
    """End with one line where results or resources are no folders; Snakemake would end with a traceback."""
    for folder in ("results", "resources"):
        if os.path.lexists(folder) and not os.path.isdir(folder):
            kind = "a link that leads nowhere" if os.path.islink(folder) else "a file"
            sys.exit(f"Error: {folder}: found {kind}, wanted a folder or nothing; move it away, then run again")


def require_writable() -> None:
    """End with one line where results cannot be written; each job would fail by itself."""
    if os.path.isdir("results") and not os.access("results", os.W_OK):
        sys.exit("Error: results: found a folder that cannot be written to, wanted one for the results")


def announce(experiment: Experiment) -> None:
    """Print what follows from true labels that nobody knows, where there are none."""
    if not experiment.knows_truth:
        print(f"\n{without_truth(experiment)}\n", file=sys.stderr)


def without_truth(experiment: Experiment) -> str:
    """Return in a few sentences what a data set without true labels does in place of what needs them."""
    kept = sorted(name for name, entry in experiment.pseudo_labels.items() if entry.keep_observed)
    sentences = [f"No true label of data set {experiment.dataset} is known."]
    sentences.append("Models are selected on observed labels, and what needs true labels is not measured.")
    if kept:
        sentences.append(f"Observed labels are put back into pseudo-labels {', '.join(kept)}.")
    if names := experiment.left_out_teachers:
        sentences.append(f"Left out, since they learn from true labels: teachers {', '.join(names)}.")
    return " ".join(sentences)


def end_with_the_terminal() -> None:
    """Take SIGHUP for Ctrl-C, so that Snakemake ends its jobs and takes its lock away; under nohup it stays ignored."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def summarise(experiment: Experiment, targets: Collection[str]) -> None:
    """Print the summary of the results and name figures and report, once they are there.

    Where they are of other settings, as after a run for one file alone, say which differ in its place; end with an error
    where a target of the run was the report itself.
    """
    if "compare" in targets:
        print(f"\n{experiments.closing(experiment)}", file=sys.stderr)
        return
    compared = experiment.compared
    summary, report, provenance = Path(paths.summary(compared)), paths.report(compared), paths.provenance(compared)
    if not all(os.path.exists(path) for path in [str(summary), report, provenance, *figures(compared)]):
        return
    recorded = json.loads(Path(provenance).read_text(encoding="utf-8"))["config"]
    if different := list(differences(recorded, reporting.record(experiment))):
        text = f"{report} was made with other settings: {sentence(different)}"
        if {"all", "report"} & set(targets):
            sys.exit(
                f"Error: {text}. Run again without --rerun-triggers, or delete {provenance} to see what is out of date"
            )
        named = f" --config experiment={experiment.name}" if experiment.name else ""
        print(f"\n{text}. It is made anew by: snakemake --cores all{named}", file=sys.stderr)
        return
    files = ["Figures:", *(f"  {path}" for path in figures(compared)), "", "Report:", f"  {report}"]
    print(f"\n{summary.read_text(encoding='utf-8')}", *files, sep="\n", file=sys.stderr)
