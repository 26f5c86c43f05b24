"""The results of a run as an RO-Crate: what was made, from what, by what software and with which settings, for machines.

The crate is the folder of an experiment. It follows RO-Crate 1.1 and Process Run Crate 0.5. A Workflow Run Crate would have to
hold the workflow itself; this one names its commit, for the workflow lies in its repository and not among the results.
"""

import base64
import json
import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},  # as the context of the profile has it
]
ROOT, RUN, WORKFLOW, LICENCE = "./", "#run", "#workflow", "#licence"
LICENCE_TEXT = (
    "The results follow from the inputs: what may be done with them depends on the licences of these, which the workflow "
    "does not know."
)
Entity = dict[str, Any]


def metadata(
    record: Mapping[str, Any], citation: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]], folder: str
) -> Entity:
    """Return the metadata of the crate as JSON-LD.

    Parameters
    ----------
    record
        The provenance of the results, as in provenance.json.
    citation
        The content of CITATION.cff.
    outputs
        Files in the folder: path, bytes and sha256, perhaps a description.
    folder
        The folder of the crate. Inputs that lie elsewhere are named by their content: a path there would lead nowhere
        once the crate is copied.
    """
    title = str(record["dataset"])
    if record["experiment"]:
        title += f", experiment {record['experiment']}"
    results = [_file(entry, folder) for entry in outputs]
    sizes = {entry["path"]: entry["bytes"] for entry in record["inputs"]}
    inputs = _by_id(
        _file({"path": path, "sha256": checksum, "bytes": sizes.get(path)}, folder)
        for path, checksum in record["made_from"].items()
    )
    parameters = [
        {"@id": f"#parameter/{quote(name)}", "@type": "PropertyValue", "name": name, "value": value}
        for name, value in _settings(record["config"])
    ]
    software = [
        {
            "@id": f"pkg:{'generic' if name == 'python' else 'pypi'}/{name}@{quote(version)}",
            "@type": "SoftwareApplication",
        }
        | {"name": name, "softwareVersion": version}
        for name, version in record["versions"].items()
    ]
    people = _by_id(_author(entry) for entry in citation["authors"])
    papers = list(_papers(citation))
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": ROOT},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    root = {
        "@id": ROOT,
        "@type": "Dataset",
        "name": f"Results of {citation['title']}: {title}",
        "description": "Figures, tables and report of one experiment; provenance.json has all that is known of its making.",
        "datePublished": record["written"],
        "license": {"@id": LICENCE},
        "conformsTo": {"@id": PROFILE},
        "hasPart": _references([*results, *inputs]),
        "mentions": {"@id": RUN},
        "citation": _references([paper for paper, _ in papers]),
    }
    run = {
        "@id": RUN,
        "@type": "CreateAction",
        "name": f"Run of {citation['title']} on {title}",
        "description": _commit(record["code"]),
        "endTime": record["written"],
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "instrument": {"@id": WORKFLOW},
        "object": _references([*inputs, *parameters]),
        "result": _references(results),
    }
    licence = f"https://spdx.org/licenses/{citation['license']}"
    workflow = {
        "@id": WORKFLOW,
        "@type": ["SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation["title"],
        "description": citation["abstract"],
        "version": record["code"]["commit"] or citation["version"],
        "softwareVersion": citation["version"],
        "programmingLanguage": {"@id": "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"},
        "author": _references(people),
        "license": {"@id": licence},
        "softwareRequirements": _references(software),
    }
    language = {
        "@id": "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        "url": {"@id": "https://snakemake.readthedocs.io"},
    }
    licences = [
        {"@id": LICENCE, "@type": "CreativeWork", "name": "Licence of the results", "description": LICENCE_TEXT},
        {
            "@id": licence,
            "@type": "CreativeWork",
            "name": citation["license"],
            "description": "Licence of the workflow",
        },
    ]
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    cited = _by_id(entity for paper, authors in papers for entity in (paper, *authors))
    graph = [descriptor, root, profile, run, workflow, language, *licences, *people, *cited]
    return {"@context": CONTEXT, "@graph": [*graph, *software, *results, *inputs, *parameters]}


def dumps(crate: Entity) -> str:
    """Return the text of the metadata file."""
    return json.dumps(crate, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _references(entities: Sequence[Entity]) -> Entity | list[Entity]:
    """Return references to entities; one stands alone, as RO-Crate 1.1 has it."""
    references = [{"@id": entity["@id"]} for entity in entities]
    return references[0] if len(references) == 1 else references


def _by_id(entities: Iterator[Entity]) -> list[Entity]:
    """Return entities, each once: two files of the same content are one."""
    return list({entity["@id"]: entity for entity in entities}.values())


def _file(entry: Mapping[str, Any], folder: str) -> Entity:
    """Return a file: by its path in the crate, or, where it lies elsewhere, by its content (RFC 6920)."""
    path = os.path.relpath(entry["path"], folder)
    if path.startswith(os.pardir):
        digest = base64.urlsafe_b64encode(bytes.fromhex(entry["sha256"])).rstrip(b"=").decode()
        name = {"@id": f"ni:///sha-256;{digest}", "@type": "File", "name": entry["path"]}
    else:
        name = {"@id": quote(path), "@type": "File", "name": path}
    known = {
        "description": entry.get("description"),
        "encodingFormat": mimetypes.guess_type(path)[0] or "application/octet-stream",
        "contentSize": None if entry.get("bytes") is None else str(entry["bytes"]),
        "sha256": entry["sha256"],
    }
    return name | {key: value for key, value in known.items() if value is not None}


def _settings(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | float | bool]]:
    """Yield the settings of the configuration by their full names; lists, and null, as JSON."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _settings(value, f"{prefix}{key}.")
        else:
            plain = isinstance(value, str | int | float)
            yield f"{prefix}{key}", value if plain else json.dumps(value, ensure_ascii=False)


def _commit(code: Mapping[str, Any]) -> str:
    if not code["commit"]:
        return "The workflow was no checkout of git"
    changed = len(code["changed_files"])
    return f"Commit {code['commit']}" + (f", with changes in {changed} files" if changed else "")


def _author(entry: Mapping[str, Any]) -> Entity:
    """Return an author of CITATION.cff: a person, or an organisation where it has but one name."""
    name = entry.get("name") or " ".join(filter(None, (entry.get("given-names"), entry["family-names"])))
    kind = "Organization" if "name" in entry else "Person"
    return {"@id": entry.get("orcid") or f"#{quote(name)}", "@type": kind, "name": name}


def _papers(citation: Mapping[str, Any]) -> Iterator[tuple[Entity, list[Entity]]]:
    """Yield the papers that CITATION.cff names, each with its authors."""
    for entry in citation.get("references", []):
        values = [identifier["value"] for identifier in entry.get("identifiers", [])]
        arxiv = next((value.removeprefix("arXiv:") for value in values if value.startswith("arXiv:")), "")
        authors = [_author(author) for author in entry["authors"]]
        paper = {
            "@id": f"https://arxiv.org/abs/{arxiv}" if arxiv else f"#{quote(entry['title'])}",
            "@type": "ScholarlyArticle",
            "name": entry["title"],
            "author": _references(authors),
            "datePublished": str(entry["year"]),
        }
        yield paper, authors
