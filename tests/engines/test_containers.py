"""The definitions of the image, as parsers of both formats read them, and jobs in an image."""

import json
import os
import re
import subprocess

import yaml

import tiny
from engines.elsewhere import PYTHON, clone, require_installed, run

PARSE = """
import json, sys
import dockerfile
from spython.main.parse.parsers import SingularityParser
docker = [(command.cmd, *command.value) for command in dockerfile.parse_file("containers/Dockerfile")]
recipe = vars(SingularityParser("containers/apptainer.def").parse()["spython-base"])
json.dump([docker, {key: recipe[key] for key in ("fromHeader", "files", "install")}], sys.stdout)
"""


def definitions():
    """Return the commands of the Dockerfile, and the parts of Apptainer's definition by name."""
    require_installed()
    done = subprocess.run([PYTHON, "-c", PARSE], cwd=tiny.ROOT, capture_output=True, text=True, check=True)
    docker, recipe = json.loads(done.stdout)
    return {name: [value for command, *value in docker if command == name] for name, *_ in docker}, recipe


def test_both_images_hold_the_packages_of_the_lock_and_nothing_else():
    docker, recipe = definitions()
    assert docker["COPY"] == [["requirements.txt", "/opt/"]]
    assert set(recipe["files"]) == {"requirements.txt /opt/requirements.txt"}
    [[install]] = docker["RUN"]
    assert {install} == set(recipe["install"])
    words = install.split()
    assert words[:2] == ["pip", "install"] and [word for word in words[2:] if not word.startswith("--")] == [
        "/opt/requirements.txt"
    ]
    assert "--require-hashes" in words and "index" not in install
    assert (tiny.ROOT / ".dockerignore").read_text().split() == ["*", "!requirements.txt"]


def test_both_images_have_the_python_of_the_conda_environments():
    docker, recipe = definitions()
    [[base]] = docker["ARG"]
    assert base == f"PYTHON={recipe['fromHeader']}"
    version = re.search(r"python:([\d.]+)-slim", base)[1]
    for path in (tiny.ROOT / "envs").glob("*.yaml"):
        assert f"python ={version}" in yaml.safe_load(path.read_text())["dependencies"]


def test_jobs_run_in_the_image(tmp_path):
    """Apptainer is not there: a command in its place notes what it was asked for."""
    folder, calls = clone(tmp_path / "work"), tmp_path / "calls"
    path = f"{tiny.ROOT / 'tests/engines/apptainer'}{os.pathsep}{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"
    target = "results/tiny/annotations/test.h5"
    run(folder, target, "--cores", "1", "--sdm", "apptainer", PATH=path, APPTAINER_CALLS=str(calls))
    [call] = calls.read_text().splitlines()
    assert call.split()[-3:] == ["containers/pseudo-labels.sif", "bash", "-c"] and f"--home {folder}" in call
    assert (folder / target).exists()
