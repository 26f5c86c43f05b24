"""The RO-Crate of a run, read and validated by the libraries of its ecosystem."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

import tiny

pytestmark = pytest.mark.xdist_group("finished")
PYTHON = tiny.ROOT / ".formats/bin/python"
LEFT_OUT = (  # what the profiles recommend and a crate of ours does not have, with the reason
    "The Action SHOULD have an agent",  # a run does not know who started it
    "The Root Data Entity SHOULD have a link to a Contextual Entity representing the `author`",  # the same
    "The `publisher` property of a `Root Data Entity`",  # nobody has published it yet
    "The Application SHOULD have a url",  # packages have a name and a version, and a package URL for both
    "The SoftwareApplication id SHOULD be an absolute URI",  # which the validator does not take for one
    "The author SHOULD have",  # CITATION.cff knows no more
    "The organization SHOULD have a URL",
    "Web-based Data Entity ni:///sha-256;",  # inputs elsewhere, named by their content: nothing to fetch
)


def read(folder):
    if not PYTHON.exists():
        pytest.skip("needs the libraries of RO-Crate: tests/exports/install.sh installs them into .formats")
    command = [str(PYTHON), str(Path(__file__).parent / "crate.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


def copied(finished, folder):
    """A copy of what the crate names, as somebody would archive it."""
    results = finished / "results/tiny"
    crate = json.loads((results / "ro-crate-metadata.json").read_text())
    names = [entity["@id"] for entity in crate["@graph"] if entity["@type"] == "File" and ":" not in entity["@id"]]
    for name in ["ro-crate-metadata.json", *map(unquote, names)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(results / name, folder / name)
    return crate


def test_the_crate_holds_what_its_profiles_require(finished, tmp_path):
    crate = copied(finished, tmp_path)
    found = read(tmp_path)
    assert [issue for issue in found["issues"] if not issue[1].startswith(LEFT_OUT)] == []
    assert {level for level, _ in found["issues"]} == {"RECOMMENDED"} and found["checks"] > 50
    assert {"report.html", "summary.txt", "provenance.json", "figures/figure_1a.svg", "tables/map.csv"} <= set(
        found["results"]
    )
    assert found["parameters"]["teachers.em.loss.name"] == "em" and found["instrument"] == "Pseudo Multi-Labels"
    assert found["author"] == "The Pseudo Multi-Labels maintainers"
    for entity in crate["@graph"]:
        if entity["@type"] == "File" and ":" not in entity["@id"]:
            content = (tmp_path / unquote(entity["@id"])).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entity["sha256"] and len(content) == int(
                entity["contentSize"]
            )


def test_the_validator_tells_what_is_missing(finished, tmp_path):
    crate = copied(finished, tmp_path)
    (tmp_path / "report.html").unlink()
    (root,) = (entity for entity in crate["@graph"] if entity["@id"] == "./")
    del root["license"], root["conformsTo"]
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(crate))
    required = " ".join(message for level, message in read(tmp_path)["issues"] if level == "REQUIRED")
    assert "report.html" in required and "license" in required and "profile" in required
