"""Partitions of a Slurm site: what scontrol and sinfo print, as limits that the Slurm plugin of Snakemake chooses by.

The keys are those of ``PartitionLimits`` in snakemake-executor-plugin-slurm 2.8.0: it leaves out each partition whose limit a job
exceeds, and takes the one whose limits fit tightest. Its own ``generate-slurm-partition-config`` counts the GPUs of a partition
in place of those of a node, takes DefMemPerCPU for a limit, and lists partitions that the user may not use.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

NODES = "%R|%c|%m|%G|%f"  # of sinfo: partition, cores, memory in MB, generic resources, features
FOR_TRIALS = re.compile(r"(^|[-_])(debug|devel|dev|test|testing|interactive|inter)([-_]|$)", re.I)
NONE = ("", "(null)", "N/A", "NONE", "UNLIMITED")
ALLOWED = {  # key of scontrol to what it lists
    "AllowAccounts": "account",
    "AllowGroups": "group",
    "AllowQos": "QOS",
}


@dataclass(frozen=True)
class User:
    """What a user belongs to: the names of accounts, groups and QOS; empty where Slurm does not say."""

    accounts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    qos: tuple[str, ...] = ()

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of a kind of ``ALLOWED``."""
        return {"account": self.accounts, "group": self.groups, "QOS": self.qos}[kind]


@dataclass(frozen=True)
class Node:
    """Nodes of one kind in a partition; ``gpus`` is the number by model, of model "" where the site names none."""

    cores: int
    memory_mb: int
    gpus: Mapping[str, int]
    features: tuple[str, ...]


class Limits(TypedDict, total=False):
    """What one job may ask of a partition, by the plugin's keys; a key that is not there is no limit, or no GPU."""

    max_threads: int
    max_mem_mb: int
    max_runtime: int
    max_gpu: int
    available_gpu_models: list[str]
    available_constraints: list[str]


@dataclass
class Partitions:
    """Limits of each partition that jobs can use, the default one first, and why each other one is left out."""

    limits: dict[str, Limits] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def gpu_models(self) -> list[str]:
        """Return the names of all GPU models, in order."""
        return sorted({model for one in self.limits.values() for model in one.get("available_gpu_models", [])})


def records(text: str) -> list[dict[str, str]]:
    """Return what ``scontrol show partition --oneliner`` says of each partition, by its own keys."""
    return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in text.splitlines() if line.startswith("PartitionName=")]


def minutes(text: str) -> int | None:
    """Return a time of Slurm's, days-hours:minutes:seconds and its shorter forms, in whole minutes; None: no limit.

    Raises
    ------
    ValueError
        When the text is no such time.
    """
    if text in NONE or text.upper() == "INFINITE":
        return None
    days, dash, rest = text.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if dash:  # days-hours, days-hours:minutes, days-hours:minutes:seconds
        hours, minutes_, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == 3:
        hours, minutes_, seconds = parts
    else:  # minutes, minutes:seconds
        hours, (minutes_, seconds) = 0, (*parts, 0)[:2]
    return (int(days or 0) * 24 + hours) * 60 + minutes_ + seconds // 60


def gpus(text: str) -> dict[str, int]:
    """Return the GPUs of a node by model from its generic resources, as ``gpu:a100:4(S:0-1),shard:a100:8(S:0-1)``."""
    found: dict[str, int] = {}
    for resource in re.sub(r"\([^)]*\)", "", text).split(","):
        name, *model, number = resource.split(":") if ":" in resource else (resource, "1")
        if name == "gpu":
            key = model[0] if model else ""
            found[key] = found.get(key, 0) + int(number)
    return found


def nodes(text: str) -> dict[str, list[Node]]:
    """Return the kinds of nodes of each partition from what ``sinfo`` prints in the form ``NODES``."""
    found: dict[str, list[Node]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        partition, cores, memory, resources, features = line.split("|")
        names = tuple(name for name in features.split(",") if name not in NONE)
        node = Node(int(cores.rstrip("+")), int(memory.rstrip("+")), gpus(resources), names)
        found.setdefault(partition, []).append(node)
    return found


def find(scontrol: str, sinfo: str, user: User, wanted: Iterable[str] = ()) -> Partitions:
    """Return the partitions that a user's jobs can use.

    Parameters
    ----------
    scontrol, sinfo
        What ``scontrol show partition --oneliner`` and ``sinfo --exact --noheader --format NODES`` print.
    user
        Partitions for other accounts, groups and QOS are left out, as those that are down, hidden, for root alone, or named as if
        for trials.
    wanted
        Names of the only partitions to take, also hidden ones and those for trials; empty: all.
    """
    kinds = nodes(sinfo)
    wanted = list(wanted)
    found = Partitions()
    for record in sorted(records(scontrol), key=lambda record: record.get("Default") != "YES"):
        name = record["PartitionName"]
        if reason := _unusable(record, kinds.get(name, []), user, wanted):
            found.left_out[name] = reason
        else:
            found.limits[name] = limits(record, kinds[name])
    return found


def limits(record: Mapping[str, str], kinds: Iterable[Node]) -> Limits:
    """Return the limits of a partition: of one job on its largest node, without those that are none."""
    kinds = list(kinds)
    found: Limits = {
        "max_threads": _least(max(node.cores for node in kinds), record.get("MaxCPUsPerNode", "")),
        "max_mem_mb": _least(max(node.memory_mb for node in kinds), record.get("MaxMemPerNode", "")),
    }
    if time := minutes(record.get("MaxTime", "UNLIMITED")):
        found["max_runtime"] = time
    if number := max(sum(node.gpus.values()) for node in kinds):
        found["max_gpu"] = number
    if models := sorted({model for node in kinds for model in node.gpus if model}):
        found["available_gpu_models"] = models
    if features := sorted({name for node in kinds for name in node.features}):
        found["available_constraints"] = features
    return found


def _least(value: int, limit: str) -> int:
    """Return a value, or the limit of Slurm's where that is less; 0 and a word stand for no limit."""
    return min(value, int(limit)) if limit.isdecimal() and int(limit) else value


def _unusable(record: Mapping[str, str], kinds: list[Node], user: User, wanted: list[str]) -> str:
    """Return why jobs of the user cannot use a partition, or should not; empty where they can."""
    name = record["PartitionName"]
    if wanted and name not in wanted:
        return "not in PARTITIONS"
    if record.get("State", "UP") != "UP":
        return f"its state is {record['State']}"
    if not kinds:
        return "it has no nodes"
    if record.get("RootOnly") == "YES":
        return "it is for root alone"
    for key, kind in ALLOWED.items():
        allowed, own = record.get(key, "ALL"), user.names(kind)
        if allowed != "ALL" and own and not set(allowed.split(",")) & set(own):
            return f"it is for {kind} {allowed.replace(',', ', ')}"
    denied = record.get("DenyAccounts", "").split(",")
    if user.accounts and set(user.accounts) <= set(denied):
        return "it is closed to your accounts"
    if not wanted and record.get("Hidden") == "YES":
        return "it is hidden"
    if not wanted and FOR_TRIALS.search(name):
        return "its name says that it is for trials"
    return ""
