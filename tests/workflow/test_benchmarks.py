"""A benchmark that runs the scripts of the rules without Snakemake keeps up with them."""

import json
import subprocess
import sys

import tiny


def test_label_memory_runs_scripts_as_the_rules_do(tmp_path):
    command = [sys.executable, tiny.ROOT / "benchmarks/label_memory.py", "--images", "60", "--categories", "7"]
    done = subprocess.run(
        [*command, "--threads", "1", "--json", tmp_path / "report.json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    assert {"make_observed_labels", "make_pseudo_labels threshold", "evaluate", "choose_model"} <= set(figures)
    assert all(row["MB"] > 10 and 0 <= row["checksums, %"] < 100 for row in figures.values())
