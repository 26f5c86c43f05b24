"""A copy of the repository with the tiny data set in it, run on Slurm as docs/cluster.md says."""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import tiny
from interrupted import Run

OPTIONS = [  # a quicker poll, and no more jobs than the machine bears
    *("--slurm-init-seconds-before-status-checks", "5"),
    *("--latency-wait", "5", "--jobs", "4"),
]
SITE = "slurm/site.yaml"
ONE = {"seeds": [1200], "pseudo_labels/paper/taus": [0.5], "features/images_per_shard": 14, "machine/gpus_per_job": 1}
TAKEN_AWAY = {  # of config.yaml, which lies below: the fewer jobs the better
    "teachers": ["gr", "ll_r"],
    "pseudo_labels": ["recommended"],
    "students": ["recommended"],
    "predict": ["model"],
    "review": ["pseudo_labels"],
}


class Clone:
    """See the module."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        tiny.copy_repository(folder)
        self.runs = 0
        tiny.make(folder)
        shutil.copy(tiny.ROOT / "config.yaml", folder)  # the tiny one goes beside it
        self.configure(ONE)
        self.site = self.make_site()

    def make_site(self, **variables):
        """What make slurm-site prints, as on a login node, with these variables of make."""
        command = [sys.executable, "workflow_scripts/slurm_site.py"]
        environment = self.cluster.environment | variables
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def edit_site(self, changes):
        """Change the keys that a person would in slurm/site.yaml."""
        path = self.folder / SITE
        path.write_text(yaml.safe_dump(tiny.changed(yaml.safe_load(path.read_text()), changes)))

    def configure(self, changes):
        config = tiny.changed(tiny.CONFIG, changes)
        for section, names in TAKEN_AWAY.items():
            config[section] = config.get(section, {}) | dict.fromkeys(names)
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def seeds(self, count):
        """So many replicates, and nothing else than they need."""
        self.configure(ONE | {"seeds": list(range(count))})

    def start(self, *arguments, profile="slurm", config="tiny.yaml", **environment):
        """Snakemake in the background, by default on Slurm; arguments win over ``OPTIONS``."""
        self.runs += 1
        command = [sys.executable, "-m", "snakemake", "--configfile", config]
        command += ["--profile", "slurm", *OPTIONS] if profile else ["--cores", "2"]
        command += arguments
        output = self.folder.parent / f"{self.folder.name}.{self.runs}.txt"
        return Run(command, self.folder, output, **self.cluster.environment | environment)

    def submit_node(self, *arguments, **environment):
        """Submit slurm/node.sh with these arguments of Snakemake; its number."""
        command = ["sbatch", "--parsable", "--cpus-per-task=2", "--output=node.log", "slurm/node.sh", *arguments]
        python = f"{Path(sys.executable).parent}:{self.cluster.environment['PATH']}"
        environment = self.cluster.environment | {"PATH": python} | environment
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def node_text(self):
        """What the job of slurm/node.sh printed so far."""
        path = self.folder / "node.log"
        return path.read_text() if path.exists() else ""

    def run(self, *arguments, **options):
        """Run Snakemake to its end, and return its output."""
        run = self.start(*arguments, **options)
        assert run.finish() == 0, run.text[-3000:] + self.logs()
        return run.text

    def own_text(self):
        """What Snakemake itself said of the last run: the screen says less."""
        return max((self.folder / ".snakemake/log").glob("*.log")).read_text()

    def logs(self):
        """The ends of what Slurm's jobs printed."""
        paths = sorted((self.folder / ".snakemake/slurm_logs").rglob("*.log"), key=lambda path: path.stat().st_mtime)
        return "".join(f"\n== {path.name}: {path.read_text()[-1000:]}" for path in paths[-3:])

    def jobs(self, rule=None):
        return [job for job in self.cluster.jobs(self.folder) if rule in (None, job["Rule"])]
