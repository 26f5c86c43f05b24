import shutil
import tempfile
from pathlib import Path

import pytest

from slurm.clone import Clone
from slurm.cluster import Cluster, lacking


@pytest.fixture(scope="session")
def cluster():
    """A running Slurm of one node."""
    if problem := lacking():
        pytest.skip(problem)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: a socket's path has at most 107 bytes
    try:
        with Cluster(folder) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clone(cluster, tmp_path):
    return Clone(cluster, tmp_path / "clone")
