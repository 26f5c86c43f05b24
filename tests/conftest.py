import os
from pathlib import Path

import pytest

import tiny


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny data set, run to both figures once by a copy of the repository; its output is in output.txt."""
    folder = tiny.make(tmp_path_factory.mktemp("tiny"))
    tiny.copy_repository(folder / "repository")
    (folder / "output.txt").write_text(tiny.snakemake(folder, root=folder / "repository"))
    return folder


@pytest.fixture(scope="session")
def real_data():
    """The folder of real pictures and weights; tests that need it are skipped where it is not named."""
    folder = os.environ.get("SPML_TEST_DATA")
    if not folder:
        pytest.skip("needs real data: set SPML_TEST_DATA to a folder with coco_mini/ and weights/")
    assert Path(folder, "coco_mini").is_dir(), f"SPML_TEST_DATA={folder} has no coco_mini/"
    return Path(folder).resolve()
