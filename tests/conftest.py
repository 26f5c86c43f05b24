import os
from pathlib import Path

import pytest

import docs_site
import tiny


def pytest_collection_modifyitems(items):
    """Put tests that run the workflow first, so that unit tests fill what is left of the time on each worker."""
    root = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(root).parts[0]
        if folder in ("slurm", "browser", "exports", "engines", "docs"):
            item.add_marker(folder)
        if folder == "unit":
            item.add_marker("quick")
    items.sort(key=lambda item: "unit" in item.path.relative_to(root).parts)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny data set, run to the report by a copy of the repository; its output is in output.txt.

    It is made once, and shared: tests read it, or copy it (tiny.copy_run) to change it. All that need it are in one
    xdist_group, so that one worker makes it.
    """
    folder = tiny.make(tmp_path_factory.mktemp("tiny") / "work")  # as deep as the copies: paths to code are relative
    tiny.copy_repository(folder / "repository")
    (folder / "output.txt").write_text(tiny.snakemake(folder, root=folder / "repository"))
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the docs site, built once: all that need it are in one xdist_group."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    code, text = docs_site.build(folder)
    assert code == 0, text
    return folder


@pytest.fixture(scope="session")
def real_data():
    """The folder of real pictures and weights; tests that need it are skipped where it is not named."""
    folder = os.environ.get("SPML_TEST_DATA")
    if not folder:
        pytest.skip("needs real data: set SPML_TEST_DATA to a folder with coco_mini/ and weights/")
    assert Path(folder, "coco_mini").is_dir(), f"SPML_TEST_DATA={folder} has no coco_mini/"
    return Path(folder).resolve()
