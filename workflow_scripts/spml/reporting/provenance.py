"""The provenance of results: the record of how they were made, as JSON and as a page for people."""

import datetime
import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from spml.artifacts import hdf5
from spml.artifacts.checksums import sha256
from spml.reporting import html
from spml.runtime.machine import processor

PACKAGES = (
    *("snakemake", "torch", "torchvision", "numpy", "h5py", "pandas", "pillow", "pycocotools", "safetensors"),
    *("matplotlib", "snakemake-executor-plugin-slurm"),
)
ROOT = Path(__file__).resolve().parents[3]  # of the project


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed here."""
    installed = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # an environment that does not need it
            continue
    return installed


def code() -> dict[str, object]:
    """Return the commit of the project and the tracked files that differ from it; both None where it is no checkout of git."""
    if _git("rev-parse", "--show-toplevel") != str(ROOT):  # not the checkout of a project around it
        return {"commit": None, "changed_files": None}
    changed = _git("diff", "--name-only", "HEAD")
    return {"commit": _git("rev-parse", "HEAD"), "changed_files": (changed or "").splitlines()}


def _git(*arguments: str) -> str | None:
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip("\n")
    except (OSError, subprocess.SubprocessError):
        return None


def machine() -> dict[str, object]:
    """Return processor, cores, memory, GPUs and system of this machine; jobs on a cluster name theirs in their logs."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "gpus": _gpus(),
        "system": platform.platform(),
    }


def _gpus() -> list[str]:
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.strip().splitlines()


def file(path: str) -> dict[str, object]:
    """Return a file's path, bytes and checksum."""
    return {"path": str(path), "bytes": os.path.getsize(path), "sha256": sha256(path)}


def features(path: str) -> dict[str, object]:
    """Return the attributes of a file of features: backbone, checksum of its weights, precision, checksums of its shards."""
    with hdf5.reading(path, "features") as features_file:
        attributes = {key: str(value) for key, value in hdf5.attributes(features_file).items()}
        shards = dict(
            zip(hdf5.strings(features_file, "shard"), hdf5.strings(features_file, "shard_sha256"), strict=True)
        )
        return {"path": str(path), "images": len(features_file["image_id"])} | attributes | {"shards": shards}


def page(record: Mapping[str, object]) -> str:
    """Return the record as an HTML page that loads no other file."""
    title = f"Provenance of {record['dataset']}"
    if record.get("experiment"):
        title += f", experiment {record['experiment']}"
    return html.render("provenance.html", title=title, record=record)
