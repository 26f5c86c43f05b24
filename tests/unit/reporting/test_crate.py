"""The RO-Crate of an experiment; tests/exports reads one with the libraries of its ecosystem."""

import json

import pytest

from spml.reporting import crate

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
RECORD = {
    "written": "2026-11-29T13:24:45+00:00",
    "dataset": "tiny",
    "experiment": None,
    "code": {"commit": "abc", "changed_files": ["Snakefile"]},
    "versions": {"python": "3.11.7", "torch": "2.15.0+cpu"},
    "config": {"seeds": [1200], "teachers": {"em": {"loss": {"alpha": 0.1}, "patience": None, "standardize": True}}},
    "inputs": [{"path": "data/ä b.json", "bytes": 0, "sha256": EMPTY}],
    "made_from": {"data/ä b.json": EMPTY, "results/tiny/own.csv": "00" * 32},
}
CITATION = {
    "title": "Pseudo Multi-Labels",
    "abstract": "A pipeline.",
    "version": "1.0.0",
    "license": "MIT",
    "authors": [
        {"name": "The maintainers"},
        {"family-names": "Doe", "given-names": "Jo", "orcid": "https://orcid.org/1"},
    ],
    "references": [
        {
            "title": "A paper",
            "year": 2023,
            "authors": [{"family-names": "Arroyo"}],
            "identifiers": [{"type": "other", "value": "arXiv:2306.01034"}],
        }
    ],
}
OUTPUTS = [{"path": "results/tiny/figures/a b.svg", "bytes": 3, "sha256": "11" * 32, "description": "A figure"}]


def entities(**changes):
    made = crate.metadata({**RECORD, **changes}, CITATION, OUTPUTS, "results/tiny")
    by_id = {entity["@id"]: entity for entity in made["@graph"]}
    assert len(by_id) == len(made["@graph"])  # no two of one name
    return by_id


def references(value):
    """Yield the entities that a value names, however deep."""
    if isinstance(value, list):
        for entry in value:
            yield from references(entry)
    elif isinstance(value, dict) and "@id" in value:
        yield value["@id"]


def test_results_are_named_from_where_the_crate_lies():
    figure = entities()["figures/a%20b.svg"]
    assert figure == {
        "@id": "figures/a%20b.svg",
        "@type": "File",
        "name": "figures/a b.svg",
        "description": "A figure",
        "encodingFormat": "image/svg+xml",
        "contentSize": "3",
        "sha256": "11" * 32,
    }


def test_inputs_elsewhere_are_named_by_their_content_and_inputs_here_by_their_path():
    made = entities()
    elsewhere = made["ni:///sha-256;47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]  # RFC 6920, of the empty file
    assert (elsewhere["name"], elsewhere["sha256"], elsewhere["contentSize"]) == ("data/ä b.json", EMPTY, "0")
    assert made["own.csv"]["sha256"] == "00" * 32 and "contentSize" not in made["own.csv"]
    assert not any("results/" in name or ".." in name for name in made)


def test_every_setting_is_a_parameter():
    made = entities()
    values = {name: entity["value"] for name, entity in made.items() if entity["@type"] == "PropertyValue"}
    assert values == {
        "#parameter/seeds": "[1200]",
        "#parameter/teachers.em.loss.alpha": 0.1,
        "#parameter/teachers.em.patience": "null",
        "#parameter/teachers.em.standardize": True,
    }


def test_what_is_named_is_described():
    made = entities()
    outside = {"https://w3id.org/ro/crate/1.1"}
    outside |= {"https://doi.org/10.1093/bioinformatics/bts480", "https://snakemake.readthedocs.io"}
    for entity in made.values():
        for value in [value for key, value in entity.items() if key != "@id"]:
            assert set(references(value)) <= set(made) | outside, entity["@id"]


def test_people_software_and_papers_are_those_of_the_citation_file():
    made = entities()
    workflow = made["#workflow"]
    assert workflow["version"] == "abc" and workflow["softwareVersion"] == "1.0.0"
    assert made["https://orcid.org/1"] == {"@id": "https://orcid.org/1", "@type": "Person", "name": "Jo Doe"}
    assert made["#The%20maintainers"]["@type"] == "Organization"
    assert made["https://arxiv.org/abs/2306.01034"]["author"] == {"@id": "#Arroyo"}
    assert made["pkg:pypi/torch@2.15.0%2Bcpu"]["softwareVersion"] == "2.15.0+cpu"
    assert made["#run"]["description"] == "Commit abc, with changes in 1 files"


def test_without_git_it_has_the_version():
    made = entities(code={"commit": None, "changed_files": None}, experiment="first")
    assert made["#workflow"]["version"] == "1.0.0"
    assert made["#run"]["description"] == "The workflow was no checkout of git"
    assert made["./"]["name"] == "Results of Pseudo Multi-Labels: tiny, experiment first"


def test_the_same_record_gives_the_same_text():
    one, other = (crate.dumps(crate.metadata(RECORD, CITATION, OUTPUTS, "results/tiny")) for _ in range(2))
    assert one == other and json.loads(one)["@context"] == crate.CONTEXT


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_an_error(value):
    with pytest.raises(ValueError, match="JSON"):
        crate.dumps(crate.metadata({**RECORD, "config": {"a": value}}, CITATION, OUTPUTS, "results/tiny"))
