"""A benchmark that runs the scripts of the rules without Snakemake keeps up with them."""

import json
import subprocess
import sys

import pytest

import tiny


@pytest.mark.parametrize("job", ["make_observed_labels", "make_pseudo_labels threshold", "evaluate", "choose_model"])
def test_label_memory_runs_scripts_as_the_rules_do(job, tmp_path):
    size = ["--images", "60", "--categories", "7", "--threads", "1"]
    for name in ["make_observed_labels", job]:  # later jobs read what the first writes
        command = [sys.executable, tiny.ROOT / "benchmarks/label_memory.py", *size, "--only", name]
        report = [*command, "--folder", tmp_path / "made", "--json", tmp_path / "report.json"]
        done = subprocess.run(report, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    assert figures[job]["MB"] > 10 and 0 <= figures[job]["checksums, %"] < 100
