"""The version stands in pyproject.toml; what repeats it for people agrees."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_citation_names_the_version():
    assert str(yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]) == VERSION


def test_the_changelog_has_the_version_after_what_is_unreleased():
    titles = re.findall(r"^## \[(.*?)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGELOG, re.MULTILINE)
    assert titles[0] == ("Unreleased", "") and titles[1][0] == VERSION and all(date for _, date in titles[1:])
    assert [date for _, date in titles[1:]] == sorted((date for _, date in titles[1:]), reverse=True)


def test_the_changelog_keeps_its_form():
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Upgrading"}
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= kinds


def test_the_pages_that_the_changelog_names_are_there():
    links = re.findall(r"\]\((?!http)([^)#]+)", CHANGELOG)
    assert len(links) > 10 and all((ROOT / link).exists() for link in links)
