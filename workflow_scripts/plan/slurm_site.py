"""What `make slurm-site` writes of a Slurm site: slurm/partitions.yaml, and slurm/site.yaml, which slurm/profile.yaml reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from plan import slurm_partitions
from plan.errors import ConfigError

PROFILE = "slurm/site.yaml"
PARTITIONS = "slurm/partitions.yaml"
VARIABLES = ("ACCOUNT", "GPU", "PARTITIONS")
ANY_GPU = "any"
GPU_RULES = (  # those that ask for machine.gpus_per_job
    "extract_features",
    "play_answers",
    "predict_images",
    "train_candidate",
    "train_student",
    "train_teacher",
)
KEPT_SECONDS = 300  # Slurm's default of MinJobAge; Snakemake asks for the states of jobs every 180 seconds at least
HEAD = "# Written by make slurm-site from what Slurm says of this site; edit it, or write it anew.\n"
COMMANDS = {  # what is asked, by the name of the parameter of ``site``
    "config": ("scontrol", "show", "config"),
    "partitions": ("scontrol", "show", "partition", "--oneliner"),
    "nodes": ("sinfo", "--exact", "--noheader", "--format", slurm_partitions.NODES),
}
ASSOCIATIONS = ("sacctmgr", "--noheader", "--parsable2", "show", "associations", "format=Account,QOS", "user={user}")
DEFAULT_ACCOUNT = ("sacctmgr", "--noheader", "--parsable2", "show", "user", "{user}", "format=DefaultAccount")


@dataclass
class Site:
    """The content of both files, and lines for the terminal."""

    profile: str
    partitions: str
    lines: list[str] = field(default_factory=list)


def setting(config: str, name: str) -> str:
    """Return a setting from what ``scontrol show config`` prints; empty where it is not there."""
    found = re.search(rf"^{name}\s*=\s*(.*?)\s*$", config, re.M)
    return found[1] if found else ""


def has_accounting(config: str) -> bool:
    """Return whether Slurm keeps records of jobs and accounts, which sacct and sacctmgr show."""
    return setting(config, "AccountingStorageType").removeprefix("accounting_storage/") not in ("", "none", "(null)")


def site(
    config: str,
    partitions: str,
    nodes: str,
    associations: str,
    default_account: str,
    groups: tuple[str, ...],
    values: Mapping[str, str],
) -> Site:
    """Return both files from what the commands print.

    Parameters
    ----------
    config, partitions, nodes
        What ``COMMANDS`` print.
    associations, default_account
        What ``ASSOCIATIONS`` and ``DEFAULT_ACCOUNT`` print; empty without accounting.
    groups
        The user's Unix groups.
    values
        The variables of make, empty where not named: ACCOUNT, the one to use; GPU, a model or "any", which extraction and training
        then ask for; PARTITIONS, names of the only ones to use, separated by commas.

    Raises
    ------
    ConfigError
        When a variable names what the site does not have, or no partition is left.
    """
    rows = [line.split("|") for line in associations.split()]
    accounts = tuple(dict.fromkeys(row[0] for row in rows))
    qos = tuple(sorted({name for row in rows for name in row[1].split(",") if name}))
    user = slurm_partitions.User(accounts, groups, qos)
    wanted = [name for name in re.split(r"[,\s]+", values["PARTITIONS"]) if name]
    found = slurm_partitions.find(partitions, nodes, user, wanted)
    account = values["ACCOUNT"] or (accounts[0] if len(accounts) == 1 else default_account.strip())
    if mistakes := _mistakes(values, wanted, found, accounts):
        raise ConfigError(mistakes)
    kept = setting(config, "MinJobAge").partition(" ")[0]
    keeps = kept.isdecimal() and int(kept) >= KEPT_SECONDS
    profile: dict[str, object] = {
        "slurm-partition-config": PARTITIONS,
        "slurm-status-command": "squeue" if keeps or not has_accounting(config) else "sacct",
    }
    if account:
        profile["default-resources"] = {"slurm_account": account}
    if values["GPU"]:
        model = {} if values["GPU"] == ANY_GPU else {"gpu_model": values["GPU"]}
        profile["set-resources"] = {rule: {"gpu": 1} | model for rule in GPU_RULES}
    lines = [*_partition_lines(found), *_account_lines(account, accounts, has_accounting(config))]
    lines += _state_lines(str(profile["slurm-status-command"]), kept, keeps)
    lines.append(f"GPU: {values['GPU'] or 'none asked for'}{_gpu_hint(found, values['GPU'])}")
    return Site(HEAD + _yaml(profile), HEAD + _yaml({"partitions": found.limits}), lines)


def _mistakes(
    values: Mapping[str, str], wanted: list[str], found: slurm_partitions.Partitions, accounts: tuple[str, ...]
) -> list[str]:
    """Return a line for each variable of make that does not fit the site, and one where no partition is left."""
    lines = []
    known = [*found.limits, *found.left_out]
    if unknown := [name for name in wanted if name not in known]:
        lines.append(f"PARTITIONS: found {', '.join(unknown)}, wanted names among {', '.join(known)}")
    elif not found.limits:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.left_out.items())
        lines.append(f"found no partition that your jobs can use ({reasons or 'scontrol lists none'})")
    if values["ACCOUNT"] and accounts and values["ACCOUNT"] not in accounts:
        lines.append(f"ACCOUNT: found {values['ACCOUNT']}, wanted one of yours: {', '.join(accounts)}")
    models = found.gpu_models
    has_gpus = any("max_gpu" in limits for limits in found.limits.values())
    if values["GPU"] and not has_gpus:
        lines.append(f"GPU: found {values['GPU']}, but no partition that your jobs can use has a GPU")
    elif values["GPU"] not in ("", ANY_GPU, *models):
        lines.append(f"GPU: found {values['GPU']}, wanted one of {', '.join([ANY_GPU, *models])}")
    return lines


def _partition_lines(found: slurm_partitions.Partitions) -> list[str]:
    lines = []
    for name, limits in found.limits.items():
        facts = [f"{limits['max_threads']} cores", f"{limits['max_mem_mb']} MB"]
        facts.append(f"{limits['max_runtime']} minutes" if "max_runtime" in limits else "no limit of time")
        if "max_gpu" in limits:
            models = ", ".join(limits.get("available_gpu_models", []))
            facts.append(f"{limits['max_gpu']} GPUs per node" + (f" ({models})" if models else ""))
        lines.append(f"Partition {name}: {', '.join(facts)}")
    return lines + [f"Left out: partition {name}: {reason}" for name, reason in found.left_out.items()]


def _account_lines(account: str, accounts: tuple[str, ...], accounting: bool) -> list[str]:
    if not accounting:
        return [
            f"Account: {account or 'none'} (this Slurm keeps no accounts, so sacct and efficiency reports do not work)"
        ]
    others = [name for name in accounts if name != account]
    hint = f" (make slurm-site ACCOUNT=... takes another: {', '.join(others)})" if others else ""
    return [f"Account: {account or 'none, Slurm decides'}{hint}"]


def _state_lines(command: str, kept: str, keeps: bool) -> list[str]:
    line = f"States of jobs: {command}, which shows jobs that ended for {kept or 'an unknown number of'} seconds"
    if command == "sacct":
        return ["States of jobs: sacct. A job that you scancel is not noticed: end the run with Ctrl-C instead"]
    return [line if keeps else f"{line}: too few, jobs may be lost from sight. Ask for MinJobAge=300 or for accounting"]


def _gpu_hint(found: slurm_partitions.Partitions, chosen: str) -> str:
    """Return which models make can be told to ask for, or what else a chosen one needs."""
    if chosen:
        return ". Set machine.gpus_per_job: 1 in your configuration, too: the time that jobs ask for depends on it"
    if not any("max_gpu" in limits for limits in found.limits.values()):
        return ""
    return f" (make slurm-site GPU=... asks for one: {', '.join([ANY_GPU, *found.gpu_models])})"


def _yaml(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
