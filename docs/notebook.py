"""Run a notebook beside results and keep what it shows; it needs the packages of docs/requirements.txt.

`.docs/bin/python docs/notebook.py docs/results.ipynb` after `make run` renews what the site shows. A test runs it on small results.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def run(path: Path) -> None:
    """Run a notebook in its folder and write it with its outputs, without times."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.clear()
    NotebookClient(notebook, record_timing=False, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("language_info", None)  # the version of Python
    nbformat.write(notebook, path)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
