"""The library as somebody else installs it: a wheel, its dependencies, and nothing of this checkout."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import docs_site
import tiny

PAGE = tiny.ROOT / "docs/library.md"
PROJECT = tomllib.loads((tiny.ROOT / "pyproject.toml").read_text())["project"]
ASKED = ["numpy", "torch", "spml", "plan", "snakemake", "timm", "h5py", "pandas", "PIL"]
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


def required(name: str) -> set[str]:
    """Return the names of a distribution and of all that it requires, as far as they are installed."""
    found, todo = set(), [name]
    while todo:
        current = todo.pop()
        if current in found:
            continue
        found.add(current)
        try:
            lines = importlib.metadata.requires(current) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        plain = (line for line in lines if "extra ==" not in line)
        todo.extend(re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in plain)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(tiny.ROOT / name, source / name)
    shutil.copytree(
        tiny.ROOT / "workflow_scripts", source / "workflow_scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The Python of an environment that has the wheel, its dependencies and nothing else.

    A pure wheel is installed by unpacking it. The dependencies are those of the tests, linked: they have gigabytes.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    packages = folder / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    names = (re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"])
    for name in set().union(*map(required, names)):
        for distribution in importlib.metadata.distributions(name=name):
            tops = {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}
            for top in sorted(tops):
                if not (packages / top).exists():  # packages may share a folder
                    (packages / top).symlink_to(distribution.locate_file(top))
    return folder / "bin/python"


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess:
    """Run a command in another folder than this checkout, of which nothing is on Python's path."""
    variables = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    return subprocess.run(list(map(str, command)), cwd=folder, env=variables, capture_output=True, text=True)


def example() -> str:
    return re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


def test_the_wheel_holds_the_library_its_types_and_templates_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "spml",
        f"pseudo_multi_labels-{PROJECT['version']}.dist-info",
    }
    folder = tiny.ROOT / "workflow_scripts"
    sources = (path for path in (folder / "spml").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {name for name in names if name.startswith("spml/")} == {str(path.relative_to(folder)) for path in sources}
    assert "spml/py.typed" in names


def test_installing_it_asks_for_the_library_alone(environment, tmp_path):
    program = f"""
import importlib.metadata, importlib.util
print(sorted(importlib.metadata.requires("{PROJECT["name"]}")))
print([name for name in {ASKED} if importlib.util.find_spec(name)])
"""
    done = run(environment, "-c", program, folder=tmp_path)
    assert done.stdout.splitlines() == [str(sorted(PROJECT["dependencies"])), str(ASKED[:3])], done.stderr


def test_the_example_runs_as_it_is_printed(environment, tmp_path):
    (tmp_path / "example.py").write_text(example())
    done = run(environment, "example.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    scores = {line.partition(":")[0]: float(re.search(r"mAP ([\d.]+)", line)[1]) for line in lines[1:]}
    assert lines[0].startswith("1.0 labels per image became ")
    assert list(scores) == ["teacher", "student", "all labels"]
    assert 60 < scores["student"] < scores["all labels"]


def test_the_types_of_the_library_are_seen_from_outside(environment, tmp_path):
    (tmp_path / "example.py").write_text(example())
    (tmp_path / "wrong.py").write_text("from spml.losses import own_loop\n\nown_loop.for_full(1, 2, epochs='2')\n")
    (tmp_path / "mypy.ini").write_text("[mypy]\ndisallow_untyped_defs = True\n[mypy-torch.*]\nfollow_imports = skip\n")
    command = [sys.executable, "-m", "mypy", "--python-executable", environment, "example.py", "wrong.py"]
    done = run(*command, folder=tmp_path)
    found = re.findall(r"^wrong\.py:3: error: .*\[(.*)\]$", done.stdout, re.MULTILINE)
    assert found == ["arg-type"] * 3 and done.stdout.count("error:") == 3, done.stdout


def test_public_modules_need_the_dependencies_alone(environment, tmp_path):
    public = docs_site.public_modules()
    done = run(environment, "-c", f"import {', '.join(public)}", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    named = set(re.findall(r"`(spml\.[a-z_.]+)`", PAGE.read_text()))
    folder = tiny.ROOT / "workflow_scripts"
    assert {name for name in named if (folder / f"{name.replace('.', '/')}.py").exists()} <= set(public)
