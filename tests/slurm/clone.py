"""A copy of the repository with the tiny data set in it, run on Slurm as docs/cluster.md says."""

import shutil
import sys

import yaml

import tiny
from interrupted import Run

OPTIONS = [  # as a site would set them in slurm/profile.yaml, and a quicker poll
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"),
    *("--latency-wait", "5", "--jobs", "4"),
]
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

    def configure(self, changes):
        config = tiny.changed(tiny.CONFIG, changes)
        for section, names in TAKEN_AWAY.items():
            config[section] = config.get(section, {}) | dict.fromkeys(names)
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def start(self, *arguments, profile="slurm", config="tiny.yaml", **environment):
        """Snakemake in the background, by default on Slurm."""
        self.runs += 1
        command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", config]
        command += ["--profile", "slurm", *OPTIONS] if profile else ["--cores", "2"]
        output = self.folder.parent / f"{self.folder.name}.{self.runs}.txt"
        return Run(command, self.folder, output, **self.cluster.environment | environment)

    def run(self, *arguments, **options):
        """Run Snakemake to its end, and return its output."""
        run = self.start(*arguments, **options)
        assert run.finish() == 0, run.text[-3000:] + self.logs()
        return run.text

    def logs(self):
        """The ends of what Slurm's jobs printed."""
        paths = sorted((self.folder / ".snakemake/slurm_logs").rglob("*.log"), key=lambda path: path.stat().st_mtime)
        return "".join(f"\n== {path.name}: {path.read_text()[-1000:]}" for path in paths[-3:])

    def jobs(self, rule=None):
        return [job for job in self.cluster.jobs(self.folder) if rule in (None, job["Rule"])]
