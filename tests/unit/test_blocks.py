"""The scripts that work on label matrices write the same bytes, however small the blocks."""

import os
import runpy
import sys
import types

import pytest

import tiny
from spml.artifacts import blocks
from spml.runtime import log

IMAGES, CATEGORIES = 1500, 300  # more rows than a chunk of a file has


class Named(dict):
    __getattr__ = dict.__getitem__


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The matrices of the benchmark of memory, small, and what Snakemake would pass to each script."""
    sys.path.insert(0, str(tiny.ROOT / "benchmarks"))
    try:
        import label_memory
    finally:
        sys.path.pop(0)
    folder = tmp_path_factory.mktemp("matrices")
    label_memory.make(folder, IMAGES, CATEGORIES)
    return label_memory.jobs(folder)


def run(name, job):
    """Run a script in this process; return the bytes of its outputs."""
    fields = {key: Named(job.get(key, {})) for key in ("input", "output", "params", "wildcards", "resources")}
    snakemake = types.SimpleNamespace(**fields, threads=2, log=[])
    runpy.run_path(str(tiny.ROOT / "workflow_scripts" / f"{name.split()[0]}.py"), {"snakemake": snakemake})
    outputs = {key: path for key, path in job["output"].items() if not os.path.isdir(path)}
    return {key: open(path, "rb").read() for key, path in outputs.items()}


def test_every_script_writes_the_same_bytes_in_small_blocks(made, monkeypatch):
    monkeypatch.setattr(log, "redirect", lambda snakemake: None)
    whole = {name: run(name, job) for name, job in made.items()}
    assert {"evaluate", "compare_methods", "check_labels", "make_observed_labels size", "train_student"} <= set(whole)
    monkeypatch.setattr(blocks, "ENTRIES", 17 * CATEGORIES)
    monkeypatch.setattr(blocks, "COLUMN_ENTRIES", 50 * IMAGES)
    for name, job in made.items():
        assert run(name, job) == whole[name], name
