"""Read an RO-Crate with the libraries of its ecosystem; print as JSON what their validator says and what their reader finds.

It runs in an environment of its own (install.sh) and opens no connection: the terms of RO-Crate come from the reader's package.
"""

import importlib.resources
import json
import sys

import requests
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from rocrate_validator.models import Severity
from rocrate_validator.utils.http import HttpRequester

CONTEXT = json.loads((importlib.resources.files("rocrate") / "data/ro-crate.jsonld").read_text(encoding="utf-8"))


def packaged(requester, url, **options):
    """Return the terms of RO-Crate where they are asked for; nothing else is there."""
    response = requests.Response()
    response.url, response.status_code = url, 200 if url == CONTEXT["@id"] else 404
    response.headers["Content-Type"] = "application/ld+json"
    response._content = json.dumps(CONTEXT).encode()
    return response


HttpRequester.get = HttpRequester.head = packaged
folder = sys.argv[1]
settings = {
    "rocrate_uri": folder,
    "profile_identifier": "process-run-crate-0.5",
    "requirement_severity": Severity.RECOMMENDED.name,
    "skip_availability_check": True,
    "no_cache": True,
}
result = services.validate(settings)
issues = [[issue.severity.name, issue.message] for issue in result.get_issues(Severity.RECOMMENDED)]
crate = ROCrate(folder)
run = crate.get("#run")
found = {
    "issues": sorted(map(list, {tuple(issue) for issue in issues})),
    "checks": len(result.executed_checks),
    "files": sorted(entity.id for entity in crate.data_entities),
    "instrument": run["instrument"]["name"],
    "results": sorted(entity.id for entity in run["result"]),
    "parameters": {entity["name"]: entity["value"] for entity in run["object"] if entity.type == "PropertyValue"},
    "author": run["instrument"]["author"]["name"],
}
print(json.dumps(found))
