"""The messages on the terminal before the first job and after the last."""

import os
import signal
import sys
import threading
from pathlib import Path

from plan import paths
from plan.reporting import FIGURES


def figures(dataset: str) -> list[str]:
    """Return the figures of a data set, as SVG and PNG."""
    return [paths.figure(name, dataset, ending) for name in FIGURES for ending in ("svg", "png")]


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


def end_with_the_terminal() -> None:
    """Take SIGHUP for Ctrl-C, so that Snakemake ends its jobs and takes its lock away; under nohup it stays ignored."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def summarise(dataset: str) -> None:
    """Print the summary of the results and name figures and report, once they are there."""
    summary, report = Path(paths.summary(dataset)), paths.report(dataset)
    if all(os.path.exists(path) for path in [str(summary), report, *figures(dataset)]):
        files = ["Figures:", *(f"  {path}" for path in figures(dataset)), "", "Report:", f"  {report}"]
        print(f"\n{summary.read_text(encoding='utf-8')}", *files, sep="\n", file=sys.stderr)
