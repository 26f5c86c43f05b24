"""The record of what results were made with, as JSON and as a page for people."""

import datetime
import html
import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from spml.artifacts import hdf5
from spml.artifacts.checksums import sha256
from spml.runtime.machine import processor

PACKAGES = (
    *("snakemake", "torch", "torchvision", "numpy", "h5py", "pandas", "pillow", "pycocotools", "safetensors"),
    *("matplotlib", "snakemake-executor-plugin-slurm"),
)
ROOT = Path(__file__).resolve().parents[2]  # of the project
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #ccc}"
    "table{border-collapse:collapse;width:100%}td{padding:.15rem .6rem .15rem 0;vertical-align:top;overflow-wrap:anywhere}"
    "td:first-child{color:#555;width:14rem}td td:first-child{width:10rem}"
    "@media print{body{font-size:10px;margin:0}}"
)


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Of Python and of the packages that are installed here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # an environment that does not need it
            continue
    return found


def code() -> dict[str, object]:
    """The commit of the project and whether tracked files differ from it; both None where it is no checkout of git."""
    if _git("rev-parse", "--show-toplevel") != str(ROOT):  # not some other checkout that it lies in
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
    """Processor, cores, memory, GPUs and system of this machine; jobs of a cluster name theirs in their logs."""
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
    """A file's path, bytes and checksum."""
    return {"path": str(path), "bytes": os.path.getsize(path), "sha256": sha256(path)}


def features(path: str) -> dict[str, object]:
    """What a file of features says of itself: backbone, checksum of its weights, precision, the checksums of its shards."""
    with hdf5.reading(path, "features") as opened:
        said = {key: str(value) for key, value in hdf5.attributes(opened).items()}
        shards = dict(zip(hdf5.strings(opened, "shard"), hdf5.strings(opened, "shard_sha256"), strict=True))
        return {"path": str(path), "images": len(opened["image_id"])} | said | {"shards": shards}


def page(record: Mapping[str, object]) -> str:
    """The record as HTML without any outside request; every name and value is escaped."""
    sections = "".join(
        f"<h2>{html.escape(key.replace('_', ' '))}</h2>{_shown(value)}"
        for key, value in record.items()
        if key not in ("written", "dataset")
    )
    title = f"Provenance of {html.escape(str(record['dataset']))}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>Written {html.escape(str(record['written']))}</p>{sections}</body></html>\n"
    )


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        rows = (f"<tr><td>{html.escape(str(key))}</td><td>{_shown(item)}</td></tr>" for key, item in value.items())
        return f"<table>{''.join(rows)}</table>" if value else "none"
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return "".join(f"<p></p>{_shown(item)}" for item in value)
    if isinstance(value, list):
        return html.escape(", ".join(map(str, value))) or "none"
    return "unknown" if value is None else html.escape(str(value))
