"""Yeast, the multi-label data set of genes, as the package river has it.

Source: Elisseeff & Weston 2001, "A kernel method for multi-labelled classification": 103 features of each of 2,417 genes, and
which of 14 groups of functions it has. Rows are in the order of Mulan's file, whose first 1,500 are the training part.
"""

import csv
import gzip
import importlib.util
from pathlib import Path

import numpy as np

from spml.runtime.errors import InputError

GENES, TRAINING, FEATURES, FUNCTIONS = 2417, 1500, 103, 14
PARTS = {"train": slice(0, TRAINING), "test": slice(TRAINING, GENES)}


def file() -> Path:
    """Return the file of the package river; raise InputError where the package is not installed."""
    found = importlib.util.find_spec("river")  # does not import it, which takes seconds
    folder = found.submodule_search_locations[0] if found and found.submodule_search_locations else ""
    path = Path(folder, "datasets", "yeast.csv.gz")
    if not folder or not path.is_file():
        missing = f"no {path} in it" if folder else "no such package"
        raise InputError(
            f"Yeast comes with the Python package river: found {missing}; wanted river 0.26 in this environment: make installs it "
            "into .venv, or pip install river"
        )
    return path


def read(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return features float32 [N, D], true labels bool [N, L], and the names of the functions.

    Raises
    ------
    InputError
        When the file is not the one that is known.
    """
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        header, *table = csv.reader(lines)
    labels = np.array([row[FEATURES:] for row in table])
    if (len(header), len(table)) != (FEATURES + FUNCTIONS, GENES) or not set(np.unique(labels)) <= {"0", "1"}:
        raise InputError(
            f"{path}: found {len(table):,} rows of {len(header):,} columns; wanted {GENES:,} genes with {FEATURES} features and "
            f"{FUNCTIONS} labels that are 0 or 1"
        )
    features = np.array([row[:FEATURES] for row in table], np.float32)
    return features, labels == "1", header[FEATURES:]
