"""`make published`: a protocol of a published table runs, and the column of our numbers is filled."""

import csv
import os
import subprocess
import sys

import pytest
import yaml

import tiny

PUBLISHED = {"source": "Somebody 2022", "mode": "frozen", "map": {"tiny_em": 50.0, "tiny_an": None}}
PROTOCOL = tiny.changed(
    tiny.CONFIG,
    {
        "experiment": "made_up",
        "datasets/tiny/published": PUBLISHED,
        "teachers": {"tiny_em": {"loss": "em"}, "tiny_an": {"loss": "an"}},
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the repository with one protocol, on the tiny data set."""
    folder = tmp_path_factory.mktemp("published") / "repository"
    tiny.copy_repository(folder)
    config = (folder / "config.yaml").read_text()
    tiny.make(folder)
    (folder / "config.yaml").write_text(config)  # the tiny one is the protocol
    for path in (folder / "docs/published").glob("*.yaml"):
        path.unlink()
    (folder / "docs/published/made_up.yaml").write_text(yaml.safe_dump(PROTOCOL, sort_keys=False))
    return folder


def published(folder, **values):
    """What `make published` prints with these variables."""
    environment = os.environ | values | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    command = [sys.executable, "workflow_scripts/published.py"]
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_command_fills_the_column_and_trains_no_other_model(folder):
    empty = published(folder).splitlines()
    assert empty[:2] == ["make published PROTOCOL=made_up DATASET=tiny", "Somebody 2022"]
    assert empty[3:] == ["tiny_em      50.00     -           -", "tiny_an          -     -           -"]
    output = published(folder, PROTOCOL="made_up")
    results = folder / "results/tiny"
    assert sorted(path.name for path in (results / "teachers").iterdir()) == ["tiny_an", "tiny_em"]
    assert not (results / "students").exists()
    with (results / "experiments/made_up/tables/published.csv").open() as file:
        em, an = csv.DictReader(file)
    assert (em["published_map"], an["published_map"], an["difference"]) == ("50.00", "", "")
    assert float(em["difference"]) == pytest.approx(float(em["test_map"]) - 50, abs=0.011)
    assert em["replicates"] == an["replicates"] == "2"
    filled = published(folder).splitlines()
    for line, row in zip(filled[3:], (em, an), strict=True):
        assert line.split()[2:] == [row["test_map"], "±", row["test_map_std"], "2"]
        assert line in output  # the end of the run says the same
