"""The messages on the terminal before the first job; closing.py has those after the last."""

import os
import signal
import sys
import threading
from collections.abc import Mapping

from plan.experiment import Experiment


def search_first(folder: str) -> None:
    """Let jobs find modules in this folder first: they search PYTHONPATH, where another clone may lie, before their script's."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))


def require_folders(experiment: Experiment) -> None:
    """End with one line where results or resources are no folders; Snakemake would end with a traceback."""
    for folder in (os.path.dirname(experiment.located(f"{name}/")) for name in ("results", "resources")):
        if os.path.lexists(folder) and not os.path.isdir(folder):
            kind = "a link that leads nowhere" if os.path.islink(folder) else "a file"
            sys.exit(f"Error: {folder}: found {kind}, wanted a folder or nothing; move it away, then run again")


def require_writable() -> None:
    """End with one line where results cannot be written; each job would fail by itself."""
    if os.path.isdir("results") and not os.access("results", os.W_OK):
        sys.exit("Error: results: found a folder that cannot be written to, wanted one for the results")


def require_cache() -> None:
    """End with one line where --cache has no folder to look in: jobs would fail after they have computed their features."""
    folder = os.environ.get("SNAKEMAKE_OUTPUT_CACHE", "")
    if "://" not in folder and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        sys.exit(
            f"Error: --cache: found SNAKEMAKE_OUTPUT_CACHE={folder!r}, wanted a folder that is there and can be written to"
        )


def refuse_bundles(executor: object, groups: Mapping[str, int]) -> None:
    """End with one line where jobs are to be bundled in a way that loses results or repeats work.

    ``executor`` are the settings of the executor plugin, ``groups`` the number of components by group.
    """
    advice = "sbatch slurm/node.sh runs many small jobs in one job of Slurm's instead (docs/cluster.md)"
    if rules := getattr(executor, "array_jobs", None):
        sys.exit(
            f"Error: slurm-array-jobs: found {rules!r}, wanted nothing: in version 2.8.0 of the Slurm plugin the tasks of a job array "
            f"delete each other's results; {advice}"
        )
    if groups:
        found = ", ".join(f"{name}={count}" for name, count in groups.items())
        sys.exit(
            f"Error: group-components: found {found}, wanted nothing: where a workflow has checkpoints, Snakemake 9.27 puts a job "
            f"into several groups and runs it in each; {advice}"
        )


def without_truth(experiment: Experiment) -> str:
    """Return in a few sentences what a data set without true labels does in place of what needs them; else nothing."""
    if experiment.knows_truth:
        return ""
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
