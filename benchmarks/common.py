"""Shared by the benchmarks: the library on the path, timings that take turns, one form of report."""

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow_scripts"))


@dataclass
class Ratio:
    """A figure relative to another of the same run, and its target as text (empty: none)."""

    what: str
    found: float
    target: str = ""
    digits: int = 1


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options of all benchmarks."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path, help="a file to write the numbers to")
    arguments.add_argument("--threads", type=int, default=min(os.cpu_count() or 1, 8))
    arguments.add_argument("--repeats", type=int, default=3, help="number of runs, of which the fastest counts")
    return arguments


def seconds(run: Callable[[], object]) -> float:
    """Return how long the run takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def fastest(repeats: int, runs: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the fewest seconds of each run. Runs take turns, so that other load on the machine affects all alike."""
    best = {name: float("inf") for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            best[name] = min(best[name], run())
    return best


def workflow(clone: Path, folder: Path, config: str, cores: int) -> list[str]:
    """Return the command that runs the workflow of a clone in a folder, with a configuration there laid over its own."""
    command = ["snakemake", "--snakefile", str(clone / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(clone / "config.yaml"), str(folder / config)]
    return [*command, "--profile", str(clone / "profiles" / "default"), "--cores", str(cores)]


def job_seconds(paths: Iterable[Path]) -> list[float]:
    """Return the seconds of each job, from Snakemake's benchmark files."""
    times = []
    for path in paths:
        with path.open(encoding="utf-8") as file:
            times += [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
    return times


def report(
    title: str, figures: dict[str, dict[str, float]], ratios: Sequence[Ratio], options: argparse.Namespace
) -> None:
    """Print figures (one row each, one column per key) and ratios beside their targets; write both as JSON."""
    columns = list(dict.fromkeys(column for row in figures.values() for column in row))
    width = max(len(name) for name in [*figures, *(ratio.what for ratio in ratios)]) + 2
    print(f"\n{title}\n{'':<{width}}" + "".join(f"{column:>14}" for column in columns))
    for name, row in figures.items():
        cells = [f"{row[column]:>14,.4g}" if column in row else f"{'':>14}" for column in columns]
        print(f"{name:<{width}}" + "".join(cells))
    if ratios:
        print(f"{'ratio':<{width}}{'found':>14}{'target':>14}")
    for ratio in ratios:
        print(f"{ratio.what:<{width}}{ratio.found:>14,.{ratio.digits}f}{ratio.target:>14}")
    if options.json:
        import torch

        from spml.runtime.machine import processor

        machine = {"processor": processor(), "cores": os.cpu_count(), "torch": torch.__version__}
        shown = {key: str(value) for key, value in vars(options).items()}
        content = {"title": title, "machine": machine, "options": shown, "figures": figures}
        text = json.dumps(content | {"ratios": [asdict(ratio) for ratio in ratios]}, indent=1)
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(text + "\n", encoding="utf-8")
