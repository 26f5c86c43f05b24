"""A real Slurm of one node on the loopback interface, for tests: no systemd, no cgroups, one folder; accounting beside it.

    cd tests; python -m slurm.cluster start FOLDER      then: export SLURM_CONF=FOLDER/slurm.conf
    cd tests; python -m slurm.cluster stop FOLDER

The node pretends to more cores, memory and GPUs than the machine has, so that what is asked for decides what runs
beside what. install.sh installs the packages.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from slurm import accounting

DAEMONS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged")  # in the order that they are stopped in
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", *accounting.PROGRAMS)
SYSTEM = Path("/etc/slurm/slurm.conf")  # the step of a job looks here: its plugin drops SLURM_CONF
CPUS, MEMORY_MB = 16, 64000
GPU_MODELS = ("a100", "h100")  # one each
HANGS = 600  # seconds; a daemon that takes longer does not come
CONF = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that is requeued waits for its old credential to expire before it starts again.
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={port}
SlurmdPort={port_of_node}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
# Memory is what jobs are placed by, and a job that takes more than it asked for is killed.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=5
EpilogMsgTime=0
CompleteWait=0
KillWait=5
# Finished jobs stay on record: the tests ask for them.
MinJobAge=86400
InactiveLimit=0
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{accounting}GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres={gpus} Feature=tests State=UNKNOWN
PartitionName=normal Nodes={host} Default=YES MaxTime=1-00:00:00 PriorityTier=1 State=UP
# Of the plugin's choices it would be the best for short jobs.
PartitionName=urgent Nodes={host} Hidden=YES MaxTime=60 PriorityTier=10 PreemptMode=OFF State=UP
"""


def lacking():
    """Why Slurm cannot be started here; empty where it can."""
    if os.geteuid():
        return "needs root: slurmd starts jobs as the user who submits them"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path())]
    if missing:
        return (
            f"needs Slurm ({', '.join(missing)} not found): tests/slurm/install.sh installs it from Debian's packages"
        )
    if SYSTEM.exists() and not SYSTEM.is_symlink():
        return f"needs {SYSTEM}, which is there: this machine belongs to a cluster"
    return ""


def path():
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Cluster:
    """Starts, stops and asks the Slurm of a folder; all that it writes lies there, but for a link at ``SYSTEM``."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.host = socket.gethostname().partition(".")[0]
        self.environment = os.environ | {"PATH": path(), "SLURM_CONF": str(self.folder / "slurm.conf")}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def run(self, *command, check=True):
        """A command of Slurm's; its output."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    # -- daemons

    def start(self):
        if SYSTEM.exists() and "is UP" in self.run("env", f"SLURM_CONF={SYSTEM}", "scontrol", "ping", check=False):
            raise RuntimeError(f"{os.readlink(SYSTEM)} is of a Slurm that runs: one at a time has {SYSTEM}")
        for name in ("state", "spool", "devices"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        port, port_of_node, port_of_accounting = _free_ports(3)
        values = {"folder": self.folder, "host": self.host, "port": port, "port_of_node": port_of_node}
        values["gpus"] = ",".join(f"gpu:{model}:1" for model in GPU_MODELS)
        values["accounting"] = accounting.SETTINGS.format(
            folder=self.folder,
            port=port_of_accounting,
            gpus=",".join(["gres/gpu", *(f"gres/gpu:{model}" for model in GPU_MODELS)]),
        )
        text = CONF.format(**values, cpus=CPUS, memory=MEMORY_MB)
        (self.folder / "slurm.conf").write_text(text.lstrip())
        lines = []
        for model in GPU_MODELS:  # counted, not there: a link to /dev/null stands for each
            device = self.folder / "devices" / model
            device.symlink_to("/dev/null")
            lines.append(f"NodeName={self.host} Name=gpu Type={model} File={device}\n")
        (self.folder / "gres.conf").write_text("".join(lines))
        SYSTEM.parent.mkdir(exist_ok=True)
        SYSTEM.unlink(missing_ok=True)
        SYSTEM.symlink_to(self.folder / "slurm.conf")
        key = self.folder / "munge.key"
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(1024))
        self.run(
            "munged",
            f"--key-file={key}",
            f"--socket={self.folder}/munge.socket",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munge.seed",
            f"--log-file={self.folder}/munged.log",
        )
        _wait(lambda: (self.folder / "munge.socket").exists(), "munged does not answer")
        accounting.start(self, port_of_accounting, _wait)
        self.start_controller()
        self.run("slurmd", "-f", str(self.folder / "slurm.conf"))
        _wait(lambda: self.node_state() in ("idle", "mixed", "allocated"), "the node does not come up")

    def start_controller(self):
        self.run("slurmctld", "-f", str(self.folder / "slurm.conf"))
        _wait(lambda: "is UP" in self.run("scontrol", "ping", check=False), "slurmctld does not answer")

    def kill(self, daemon, how=signal.SIGKILL):
        """End a daemon and wait until it is gone."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            number = int((self.folder / f"{daemon}.pid").read_text())
            if Path(f"/proc/{number}/comm").read_text().strip() == daemon:
                os.kill(number, how)
                _wait(lambda: not Path(f"/proc/{number}").exists(), f"{daemon} does not end")

    def stop(self):
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            self.run("scancel", "--full", f"--user={os.environ.get('USER', 'root')}")
            _wait(lambda: not self.run("squeue", "--noheader"), "jobs do not end")
        for daemon in DAEMONS:
            self.kill(daemon, signal.SIGTERM)
        if SYSTEM.is_symlink() and os.readlink(SYSTEM) == str(self.folder / "slurm.conf"):
            SYSTEM.unlink()

    # -- what Slurm has on record

    def node_state(self):
        return self.run("sinfo", "--noheader", "--format=%T", "--partition=normal", check=False).strip("\n *")

    def jobs(self, folder):
        """Slurm's records of the jobs submitted from a folder, in order: dicts of its own names, ``Rule`` beside them."""
        found = []
        for line in self.run("scontrol", "show", "jobs", "--oneliner").splitlines():
            record = dict(re.findall(r"(\w[\w:/]*)=(\S*)", line))
            if record.get("WorkDir") == str(folder):
                record["Rule"] = re.sub(r"^rule_|_wildcards_.*$", "", record.get("Comment", ""))
                found.append(record)
        return sorted(found, key=lambda record: int(record["JobId"]))

    def accounts(self, *fields, **where):
        """What accounting has of jobs, a tuple of these fields of sacct's for each, in order."""
        options = [f"--{name}={value}" for name, value in where.items()]
        text = self.run("sacct", "-X", "--noheader", "--parsable2", f"--format={','.join(fields)}", *options)
        return [tuple(line.split("|")) for line in text.splitlines()]

    def wait_for_job(self, folder, rule, state="RUNNING"):
        """The newest job of a rule, once it is in that state."""

        def found():
            records = [record for record in self.jobs(folder) if record["Rule"] == rule]
            return records[-1] if records and records[-1]["JobState"] == state else None

        return _wait(found, f"no job of {rule} is {state}")

    def wait_for_end(self, number):
        """The record of a job, once it has ended."""

        def ended():
            text = self.run("scontrol", "show", "job", "--oneliner", number)
            record = dict(re.findall(r"(\w[\w:/]*)=(\S*)", text))
            return record if record["JobState"] not in ("PENDING", "RUNNING", "COMPLETING", "REQUEUED") else None

        return _wait(ended, f"job {number} does not end")


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait(question, problem):
    """Ask until there is an answer, and return it."""
    end = time.monotonic() + HANGS
    while not (answer := question()):
        if time.monotonic() > end:
            raise RuntimeError(problem)
        time.sleep(0.2)
    return answer


if __name__ == "__main__":
    if problem := lacking():
        sys.exit(problem)
    {"start": Cluster.start, "stop": Cluster.stop}[sys.argv[1]](Cluster(Path(sys.argv[2]).resolve()))
