"""The notebook of the docs: it runs on the results of a run, and was committed with what it shows."""

import json
import shutil
import subprocess

import pytest

import docs_site
import tiny

NOTEBOOK = tiny.ROOT / "docs/results.ipynb"


def code_cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


@pytest.mark.xdist_group("finished")
def test_the_notebook_runs_on_small_results(finished, tmp_path):
    docs_site.require()
    (tmp_path / "docs").mkdir()
    shutil.copy(NOTEBOOK, tmp_path / "docs")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/demo").symlink_to(finished / "results/tiny")
    command = [str(docs_site.PYTHON), str(tiny.ROOT / "docs/notebook.py"), str(tmp_path / "docs/results.ipynb")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = code_cells(tmp_path / "docs/results.ipynb")
    assert [cell["source"] for cell in cells] == [cell["source"] for cell in code_cells(NOTEBOOK)]
    text = json.dumps([cell["outputs"] for cell in cells])
    assert "chosen: tau_0." in text and "equal" in text and "red" in text and "image/png" in text


def test_the_notebook_was_committed_with_its_outputs():
    cells = code_cells(NOTEBOOK)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell["outputs"] for cell in cells[1:])
    assert NOTEBOOK.stat().st_size < 100_000
