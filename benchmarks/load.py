"""Many replicates: time and memory of planning and scheduling beside the work itself, and the number of files.

    python benchmarks/load.py [--json load.json] [--figure docs/load.svg]

Dry runs of the tiny data set of the tests with up to 200 replicates and 5 τ; 10 replicates are run, on local cores, and the
rest is extrapolated by the number of jobs.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, Ratio, job_seconds, parser, report, seconds

sys.path.insert(0, str(ROOT / "tests"))
import tiny

TAUS = [0.5, 0.55, 0.6, 0.65, 0.7]
PLANNED, RUN = (10, 50, 100, 200), 10


def configure(folder: Path, replicates: int) -> None:
    """Write the config of so many replicates."""
    changes = {"seeds": list(range(1200, 1200 + replicates)), "pseudo_labels/paper/taus": TAUS}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))


def plan(folder: Path) -> dict[str, float]:
    """Return seconds, peak memory in MB and jobs of a dry run in a process of its own."""
    program = (
        "import resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "taken = time.perf_counter() - start\n"
        "total = [line.split()[1] for line in done.stdout.splitlines() if line.startswith('total ')]\n"
        "print(taken, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, total[0] if total else 0)"
    )
    command = tiny.command(folder, "--dry-run", "--quiet", "rules")
    output = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
    ).stdout
    return dict(zip(("dry run, s", "memory, MB", "jobs"), map(float, output.split()), strict=True))


def work(folder: Path) -> tuple[float, int]:
    """Return the seconds of all jobs together by their benchmarks, and their number."""
    times = job_seconds((folder / "results").rglob("benchmarks/**/*.tsv"))
    return sum(times), len(times)


def draw(figures: dict[str, dict[str, float]], path: Path) -> None:
    """Draw seconds and memory of planning over the number of jobs."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in figures.values() if "dry run, s" in row]
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 2.8), layout="constrained")
    for axes, key, label in zip(
        panels, ("dry run, s", "memory, MB"), ("planning (s)", "memory of Snakemake (MB)"), strict=True
    ):
        axes.plot([row["jobs"] for row in rows], [row[key] for row in rows], "o-", color="#0b5394")
        axes.set_xlabel("jobs (with each point: replicates)")
        axes.set_ylabel(label)
        axes.set_xlim(0, 1.15 * rows[-1]["jobs"])
        axes.set_ylim(0, 1.1 * rows[-1][key])
        axes.spines[["top", "right"]].set_visible(False)
        for row, count in zip(rows, PLANNED, strict=True):
            axes.annotate(f"{count}", (row["jobs"], row[key]), (5, -11), textcoords="offset points")
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "load"})
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--figure", type=Path, help="where to draw planning time and memory")
    options = made.parse_args()
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as root:
        folder = tiny.make(Path(root) / "tiny")
        # The number of shards is known once images are listed: only then does a dry run plan all jobs.
        lists = [f"results/tiny/images/{part}.csv" for part in tiny.SIZES]
        tiny.snakemake(folder, *lists)
        for count in PLANNED:
            configure(folder, count)
            figures[f"{count} replicates x {len(TAUS)} τ"] = plan(folder)
        configure(folder, RUN)
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        elapsed = seconds(lambda: subprocess.run(tiny.command(folder), capture_output=True, check=True))
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
        busy_jobs, jobs = work(folder)
        again = plan(folder)
        files = sum(path.is_file() for path in (folder / "results").rglob("*"))
        records = sum(path.is_file() for path in (folder / ".snakemake").rglob("*"))
    cores = 2
    times = {
        "elapsed, s": elapsed,
        "in jobs, s": busy_jobs,
        "overhead per job, s": (cores * elapsed - busy_jobs) / jobs,
    }
    figures[f"{RUN} replicates run, {cores} cores"] = times | {"jobs": jobs, "files": files, "records": records}
    figures["the same again, nothing to do"] = {"dry run, s": again["dry run, s"]}
    many = figures[f"{PLANNED[-1]} replicates x {len(TAUS)} τ"]["jobs"]
    scale = many / jobs
    figures[f"{PLANNED[-1]} replicates, extrapolated"] = {
        "elapsed, s": scale * elapsed,
        "jobs": many,
        "files": scale * files,
        "records": scale * records,
    }
    ratios = [
        Ratio("overhead of scheduling, share of cores x time", 1 - busy_jobs / (cores * elapsed), "", 2),
        Ratio("processor time of all processes, times that in jobs", busy / busy_jobs, "", 2),
    ]
    if options.figure:
        shown = {name: row for name, row in figures.items() if name.endswith("τ")}
        draw(shown, options.figure)
    report("Many replicates of the tiny data set", figures, ratios, options)


if __name__ == "__main__":
    main()
