import os
from pathlib import Path

import pytest
import tiny


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny data set, run to both figures once; read-only for the tests that share it."""
    folder = tiny.make(tmp_path_factory.mktemp("tiny"))
    output = tiny.snakemake(folder)
    (folder / "output.txt").write_text(output)
    return folder


@pytest.fixture(scope="session")
def real_data():
    """The folder of real pictures and weights; tests that need it are skipped where it is not named."""
    folder = os.environ.get("SPML_TEST_DATA")
    if not folder:
        pytest.skip("needs real data: set SPML_TEST_DATA to a folder with coco_mini/ and weights/")
    assert Path(folder, "coco_mini").is_dir(), f"SPML_TEST_DATA={folder} has no coco_mini/"
    return Path(folder).resolve()
