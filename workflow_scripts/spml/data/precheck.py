"""What tables, lists and files of the user tell before any work: mistakes that would end a run later, and warnings.

Of pictures only the beginning is read, and whole files only where both parts have one of the same size.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from spml.artifacts import hdf5
from spml.artifacts.checksums import sha256
from spml.data import annotations, csv_table
from spml.data.annotations import Annotations
from spml.features import formats
from spml.runtime.errors import InputError

PICTURES = 50_000  # that are opened; of more, evenly spaced ones
COMPARED_BYTES = 2_000_000_000  # of files of equal size that are read whole; more are left to rule find_duplicates
READERS = 8
SHOWN = 5  # names in a message


class Part(NamedTuple):
    """The annotations of a part, a table or COCO JSON, and the folder of its pictures."""

    annotations: str
    folder: str


@dataclass
class Findings:
    """Lines for people: what ends a run, what does not, and how many pictures were looked at."""

    mistakes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pictures: int = 0


def find(parts: Mapping[str, Part], categories: str | None, unannotated_count: bool, missing_pictures: str) -> Findings:
    """Return what the parts of a data set, train first, have of mistakes and warnings.

    Parameters
    ----------
    parts : by name, train and perhaps test
    categories : the user's list of categories, if there is one
    unannotated_count : whether images without an annotation count
    missing_pictures : ``refuse`` or ``leave_out``
    """
    findings = Findings()
    paths: dict[str, list[str]] = {}
    for name, annotated in _read(parts, categories, unannotated_count, findings.mistakes):
        part = parts[name]
        listed = [os.path.join(part.folder, file_name) for file_name in annotated.file_name]
        there = [path for path in listed if os.path.isfile(path)]
        missing = sorted(set(listed) - set(there))
        if missing and missing_pictures == "refuse":
            findings.mistakes.append(
                f"{part.annotations}: {len(missing):,} of {len(listed):,} pictures are not in {part.folder}: {_some(missing)}; "
                "wanted every picture that is listed and counts (or missing_pictures: leave_out in the config)"
            )
        if unreadable := list(_unreadable(there)):
            findings.mistakes.append(
                f"{part.annotations}: {_pictures(unreadable)} cannot be read: {_some(unreadable)}; wanted JPEG, PNG and the like: "
                "replace such a file, or take its rows out"
            )
        paths[name] = there
        findings.pictures += len(there)
    if len(paths) > 1 and (same := list(_in_both(paths["train"], paths["test"]))):
        findings.warnings.append(
            f"{_pictures(same)} of the training part {'is' if len(same) == 1 else 'are'} in the test part, too: {_some(same)}; the "
            "test measures what was learnt by heart"
        )
    return findings


def _read(
    parts: Mapping[str, Part], categories: str | None, unannotated_count: bool, mistakes: list[str]
) -> Iterator[tuple[str, Annotations]]:
    """Yield the annotations of each part that can be read; add a line to ``mistakes`` for each that cannot."""
    names: list[str] | None = None
    for name, part in parts.items():
        try:
            if names is None and categories:
                names = list(csv_table.read_categories(categories))
            annotated = annotations.read(part.annotations, names, unannotated_count)
            if names is not None and not categories:
                hdf5.require_same("category", parts["train"].annotations, names, part.annotations, annotated.category)
        except InputError as error:
            mistakes.append(str(error))
            if name == "train":
                return
            continue
        names = annotated.category if name == "train" else names
        yield name, annotated


def _unreadable(paths: Sequence[str]) -> Iterator[str]:
    """Yield the files that are no picture, with the reason."""
    opened = paths[:: -(-len(paths) // PICTURES) or 1]
    with ThreadPoolExecutor(READERS) as pool:
        for path, reason in zip(opened, pool.map(formats.reason_against, opened), strict=True):
            if reason:
                yield f"{path} ({reason})"


def _in_both(train: Sequence[str], test: Sequence[str]) -> Iterator[str]:
    """Yield the paths of training pictures whose content a test picture has, too, with that of the test picture."""
    by_size: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for number, paths in enumerate((train, test)):
        for path in paths:
            by_size[os.path.getsize(path)][number].append(path)
    pairs = {size: both for size, both in by_size.items() if all(both)}
    if sum(size * (len(one) + len(other)) for size, (one, other) in pairs.items()) > COMPARED_BYTES:
        return
    for one, other in pairs.values():
        path_of = {sha256(path): path for path in other}
        for path in one:
            if twin := path_of.get(sha256(path)):
                yield f"{path} ({twin})"


def _pictures(names: Sequence[str]) -> str:
    """Return the number of pictures in words."""
    return f"{len(names):,} picture" + "s" * (len(names) != 1)


def _some(names: Sequence[str]) -> str:
    """Return the first names of a list in words."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
