"""Lineage: what artifacts were made from, step by step back to the user's files, by their records."""

import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spml.artifacts import records
from spml.runtime.errors import InputError


@dataclass
class Lineage:
    """The records of artifacts and of all that they were made from, by path, and the checksums of the user's files."""

    artifacts: dict[str, records.Record] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def trace(paths: Iterable[str]) -> Lineage:
    """Return the lineage of artifacts, after a check that every input is still the one that was read.

    An input that is no longer there (a fetched archive that was deleted) is taken by its recorded checksum.

    Raises
    ------
    InputError
        When an artifact was made from another version of a file than the one that is there: names both.
    """
    lineage = Lineage()
    record_of = functools.cache(records.read)  # of an artifact that many are made from
    pending = list(paths)
    while pending:
        path = pending.pop()
        if path in lineage.artifacts:
            continue
        lineage.artifacts[path] = record = record_of(path)
        for name, checksum in record["inputs"].items():
            recorded = records.path_of(name).is_file()
            if recorded:
                present = record_of(name)["sha256"]
            elif os.path.isfile(name):
                present = records.checksum_of(name)
            else:
                present = lineage.files.get(name, checksum)
            if present != checksum:
                raise InputError(
                    f"{path}: was made from another {name} than the one that is there now; delete {path}, then run again: "
                    f"rule {record['rule']} makes it again"
                )
            if recorded:
                pending.append(name)
            else:
                lineage.files[name] = checksum
    return lineage


def require_options(lineage: Lineage, planned: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InputError unless every artifact was made with the options that the configuration gives it.

    Parameters
    ----------
    lineage : the records.
    planned : name of a rule to the options of its jobs; a job is named by the values of its wildcards other than the
        data set, the seed and the shard, in alphabetical order of their names, with a / between.
    """
    for path, record in lineage.artifacts.items():
        jobs = planned.get(record["rule"])
        if jobs is None:
            continue
        names = [name for name in sorted(record["wildcards"]) if name not in ("dataset", "seed", "shard")]
        wanted = json.loads(json.dumps(jobs.get("/".join(record["wildcards"][name] for name in names))))
        options = record["params"].get("options")
        if options != wanted:
            raise InputError(
                f"{path}: was made with {_different(options, wanted)}; the configuration says {_different(wanted, options)}: "
                f"delete {path}, then run again"
            )


def _different(options: Any, others: Any) -> str:
    """Return the options that differ from the others, as text."""
    if not isinstance(options, dict) or not isinstance(others, dict):
        return "nothing" if options is None else str(options)
    different = [
        f"{key} {options.get(key)!r}" for key in sorted({*options, *others}) if options.get(key) != others.get(key)
    ]
    return ", ".join(different)
