"""Seconds that many small jobs take on a Slurm of one node: singly, as a job array, in groups, and without Slurm.

    python benchmarks/slurm_jobs.py [--jobs 200] [--ways singly groups] [--json slurm_jobs.json]

The jobs are those of make_observed_labels on the tiny data set of the tests, one per replicate: a second or less of work
each. The Slurm is that of tests/slurm (needs root, and what tests/slurm/install.sh installs). Nothing else should run on it. A
result that is missing after the run counts as lost: it is not made again.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Ratio, parser, report

sys.path.insert(0, str(ROOT / "tests"))
from slurm.clone import Clone
from slurm.cluster import Cluster, lacking

OBSERVED = "results/tiny/observed"
CHECK = "    console.refuse_bundles("  # a line of the Snakefile
# All jobs are in the queue at once (an array that is larger than --jobs never starts), and each is tried once.
ON_SLURM = ("--jobs", "{jobs}", "--retries", "0", "--keep-going")
FOUR_AT_A_TIME = ("--set-resources", "make_observed_labels:mem_mb=16000")  # on a node with 64,000 MB
GROUPED = ("--groups", "make_observed_labels=observed", "--group-components", "observed={per_group}", "--cores", "8")
WAYS = {  # how the jobs are run: options of Snakemake
    "singly": (*ON_SLURM, *FOUR_AT_A_TIME),
    "array": (*ON_SLURM, *FOUR_AT_A_TIME, "--slurm-array-jobs", "make_observed_labels"),
    "groups": (*ON_SLURM, *GROUPED),
    "node": (),  # sbatch slurm/node.sh
    "local": (),
}


def measured(clone: Clone, way: str, jobs: int, per_group: int) -> dict[str, float]:
    """The seconds of a run that makes all observed labels, its Slurm jobs, and the results that are missing after it."""
    shutil.rmtree(clone.folder / OBSERVED, ignore_errors=True)
    options = [option.format(jobs=jobs, per_group=per_group) for option in WAYS[way]]
    targets = [f"{OBSERVED}/seed_{seed}.h5" for seed in range(jobs)]
    before = len(clone.jobs())
    start = time.perf_counter()
    if way == "node":
        clone.cluster.wait_for_end(clone.submit_node(*targets, "--configfile", "tiny.yaml"))
        text = clone.node_text()
    else:
        run = clone.start(*targets, *options, profile="slurm" if options else None)
        run.finish()
        text = run.text
    taken = time.perf_counter() - start
    made = len(list((clone.folder / OBSERVED).glob("seed_*.h5")))
    if way != "array" and made < jobs:
        sys.exit(f"{way}: {jobs - made} of {jobs} results are missing:\n{text[-3000:]}{clone.logs()}")
    return {"s": taken, "s per job": taken / jobs, "Slurm jobs": len(clone.jobs()) - before, "lost": jobs - made}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--jobs", type=int, default=200)
    arguments.add_argument("--per-group", type=int, default=20)
    arguments.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options: argparse.Namespace = arguments.parse_args()
    if problem := lacking():
        sys.exit(problem)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, Cluster(folder) as cluster:
        clone = Clone(cluster, Path(folder, "clone"))
        clone.seeds(options.jobs)
        snakefile = clone.folder / "Snakefile"
        lines = snakefile.read_text().splitlines(
            keepends=True
        )  # without CHECK: arrays and groups are tried all the same
        snakefile.write_text("".join(line for line in lines if not line.startswith(CHECK)))
        clone.run("results/tiny/labels/train.h5", profile=None)
        figures = {}
        for way in options.ways:
            figures[way] = measured(clone, way, options.jobs, options.per_group)
            print(way, json.dumps(figures[way]), flush=True)
    single = figures.get("singly")
    ratios = [Ratio(f"{way} / singly", row["s"] / single["s"], digits=2) for way, row in figures.items() if single]
    report(f"{options.jobs} jobs of a second or less", figures, ratios, options)


if __name__ == "__main__":
    main()
