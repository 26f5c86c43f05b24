"""What tables, lists and files of the user tell before any work: mistakes that would end a run later, and warnings.

Of pictures only the beginning is read, and whole files only where both parts have one of the same size. What a rule has yet
to fetch is not looked at.
"""

import contextlib
import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from spml.artifacts import left_out, manifest, picture_files
from spml.data import annotations, category_names, csv_table, cub, image_folder, nuswide, tars, voc
from spml.features import formats
from spml.runtime.errors import InputError

PICTURES = 50_000  # that are opened; of more, evenly spaced ones
COMPARED_BYTES = 2_000_000_000  # of files of equal size that are read whole; more are left to rule find_duplicates
READERS = 8
PART_NAMES = ("train", "training", "val", "valid", "validation", "test", "testing")
SHOWN = 5  # names in a message


class Part(NamedTuple):
    """A part of a data set as its rules read it.

    Attributes
    ----------
    reader : the layout; ``table`` for a table of images or COCO JSON
    annotations : the annotations, or the list of images of a layout; for a folder per category, the key that names it
    training : the same of the training part, which some layouts take categories from
    folder : the folder of the pictures, or what names their tars; empty where a rule fetches them
    tars : the tars of the pictures, where they lie in some
    """

    reader: str
    annotations: str
    training: str
    folder: str
    tars: Sequence[str] = ()


class Listed(NamedTuple):
    """The pictures of a part by their paths from its folder, and its categories."""

    file_name: Sequence[str]
    category: Sequence[str]


@dataclass
class Findings:
    """Lines for people: what ends a run, what does not, and how many pictures were looked at."""

    mistakes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pictures: int = 0


def find(
    parts: Mapping[str, Part],
    categories: str | None,
    unannotated_count: bool,
    missing_pictures: str,
    lists: Mapping[str, str] | None = None,
) -> Findings:
    """Return what the parts of a data set, train first, have of mistakes and warnings.

    Parameters
    ----------
    parts : by name, train and perhaps test
    categories : the user's list of categories, if there is one
    unannotated_count : whether images without an annotation count
    missing_pictures : ``refuse`` or ``leave_out``
    lists : text files with the path of a picture on each line, by the key that names them
    """
    findings = Findings()
    paths: dict[str, list[str]] = {}
    for name, listed in _read(parts, categories, unannotated_count, findings):
        if parts[name].folder:
            paths[name] = _pictures_of(parts[name], listed, missing_pictures, findings.mistakes)
            findings.pictures += len(paths[name])
    if len(paths) > 1 and (same := list(_in_both(paths["train"], paths["test"]))):
        findings.warnings.append(
            f"{_pictures(same)} of the training part {'is' if len(same) == 1 else 'are'} in the test part, too: {_some(same)}; the "
            "test measures what was learnt by heart"
        )
    for path in (lists or {}).values():
        try:
            image_folder.of_list(path)
        except InputError as error:
            findings.mistakes.append(str(error))
    return findings


def _read(
    parts: Mapping[str, Part], categories: str | None, unannotated_count: bool, findings: Findings
) -> Iterator[tuple[str, Listed]]:
    """Yield the pictures of each part that can be read; add a line to the mistakes for each that cannot."""
    names: Sequence[str] | None = None
    for name, part in parts.items():
        try:
            if names is None and categories:
                names = list(csv_table.read_categories(categories))
            with contextlib.redirect_stdout(io.StringIO()):  # what readers print is for a log
                listed = _listed(name, part, names, unannotated_count, findings.warnings)
            if name != "train" and not categories:
                assert names is not None
                _require_same(parts["train"], names, part, listed.category)
        except InputError as error:
            findings.mistakes.append(str(error))
            if name == "train":
                return
            continue
        names = listed.category if name == "train" else names
        yield name, listed


def _listed(
    name: str, part: Part, categories: Sequence[str] | None, unannotated_count: bool, warnings: list[str]
) -> Listed:
    """Return what a part lists, as the rule reads it that converts or lists it."""
    if part.reader == "table":
        annotated = annotations.read(part.annotations, categories, unannotated_count)
        if not annotated.category or (name == "train" and not annotated.file_name):
            raise InputError(f"{part.annotations}: found no image with a category, wanted some to learn from")
        if name == "train":
            is_table = part.annotations.lower().endswith(".csv") and categories is None
            warnings += _of_names(
                category_names.warnings(part.annotations, annotated.category, annotated.line_of, is_table)
            )
        return Listed(annotated.file_name, annotated.category)
    if part.reader == "image_folder":
        rows, others = image_folder.read(part.folder, part.annotations)
        lost = [reason for reason in left_out.by_reason(others) if not reason.is_harmless]
        categories = sorted({category for _, category in rows})
        if all(name.lower() in PART_NAMES for name in categories):
            warnings.append(
                f"{part.folder}: found the folders {_some(categories)}, which are taken for categories; if they are parts, name each as "
                "images of train or test"
            )
        if name == "train":
            warnings += _of_names(category_names.warnings(part.folder, categories, {}, are_cells=False))
        warnings += [f"{part.folder}: {entry.files:,} left out, {entry.text}: {entry.names}" for entry in lost]
        return Listed([path for path, _ in rows], categories)
    if part.reader == "voc":
        layout = voc.read(part.annotations, part.training)
    else:
        layout = cub.read(part.annotations, name) if part.reader == "cub" else nuswide.read(part.annotations)
    return Listed([image["file_name"] for image in layout.images], layout.category)


def _of_names(found: Sequence[category_names.Warning]) -> Iterator[str]:
    """Yield a line for each kind of warning about the names of categories."""
    for text in dict.fromkeys(warning.text for warning in found):
        yield f"{text}: {_some([f'{entry.names} ({entry.position})' for entry in found if entry.text == text])}"


def _require_same(train: Part, category: Sequence[str], part: Part, others: Sequence[str]) -> None:
    """Raise InputError where a part has other categories than the training part."""
    if part.reader != "image_folder":
        annotations.require_same_categories(train.annotations, category, part.annotations, others)
    elif unknown := sorted(set(others) - set(category)):
        raise InputError(
            f"{part.folder}: found {len(unknown)} folder{'s' * (len(unknown) != 1)} that {train.folder} does not have: "
            f"{_some(list(map(repr, unknown)))}; wanted some of {_some(category)}: rename them, take them out, or put training pictures "
            f"into {train.folder}, too"
        )


def _pictures_of(part: Part, listed: Listed, missing_pictures: str, mistakes: list[str]) -> list[str]:
    """Return the paths of the pictures that are there; add a line to the mistakes for each kind of mistake."""
    paths = [os.path.join(part.folder, file_name) for file_name in listed.file_name]
    if part.tars:
        try:
            inside = tars.index(part.tars).path
        except InputError as error:
            mistakes.append(str(error))
            return []
        names = map(os.path.normpath, listed.file_name)
        paths = [inside.get(name, path) for name, path in zip(names, paths, strict=True)]
    there = [path for path in paths if picture_files.is_there(path)]
    missing = sorted(set(paths) - set(there))
    if missing and (missing_pictures == "refuse" or not there):
        mistakes.append(
            f"{part.annotations}: {len(missing):,} of {len(paths):,} pictures are not in {part.folder}: {_some(missing)}; "
            f"{_near(part.folder, os.path.relpath(missing[0], part.folder))}wanted every picture that is listed and counts (or missing_pictures: leave_out in the config)"
        )
    if outer := [path for path, _ in manifest.links_out_of(part.folder, () if part.tars else there)]:
        mistakes.append(
            f"{part.annotations}: {_pictures(outer)} {'is a link' if len(outer) == 1 else 'are links'} out of {part.folder}: "
            f"{_some(outer)}; wanted pictures inside it: name the folder that they lie in, or copy them"
        )
    if unreadable := list(_unreadable(there)):
        mistakes.append(
            f"{part.annotations}: {_pictures(unreadable)} cannot be read: {_some(unreadable)}; wanted JPEG, PNG and the like: "
            "replace such a file, or take it out"
        )
    return there


def _near(folder: str, name: str) -> str:
    """Return what is there under nearly the name of a missing picture: another case, suffix or folder."""
    if "://" in name or ":/" in name[:8]:
        return "no address is fetched: paths start from that folder; "
    parts = name.replace("\\", "/").split("/")
    stem = os.path.splitext(parts[-1])[0].casefold()
    for start in range(len(parts)):
        inside = os.path.join(folder, *parts[start:-1])
        there = os.listdir(inside) if os.path.isdir(inside) else []
        if near := sorted(
            entry
            for entry in there
            if entry.casefold() in (parts[-1].casefold(), stem) or os.path.splitext(entry)[0].casefold() == stem
        ):
            found = "/".join([*parts[start:-1], near[0]])
            return f"found {found!r} in that folder: wanted paths from there on, with / and in the same spelling; "
    return ""


def _unreadable(paths: Sequence[str]) -> Iterator[str]:
    """Yield the files that are no whole picture, with the reason."""
    opened = paths[:: -(-len(paths) // PICTURES) or 1]
    with ThreadPoolExecutor(READERS) as pool:
        for path, reason in zip(opened, pool.map(_reason_against, opened), strict=True):
            if reason:
                yield f"{path} ({reason})"


def _reason_against(path: str) -> str | None:
    """Return why a file is no whole picture, if it is none."""
    return formats.reason_against(path) or (left_out.CUT_OFF if formats.is_cut_off(path) else None)


def _in_both(train: Sequence[str], test: Sequence[str]) -> Iterator[str]:
    """Yield the paths of training pictures whose content a test picture has, too, with that of the test picture."""
    by_size: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for number, paths in enumerate((train, test)):
        for path in paths:
            by_size[picture_files.size(path)][number].append(path)
    pairs = {size: both for size, both in by_size.items() if all(both)}
    if sum(size * (len(one) + len(other)) for size, (one, other) in pairs.items()) > COMPARED_BYTES:
        return
    for one, other in pairs.values():
        path_of = {picture_files.sha256(path): path for path in other}
        for path in one:
            if twin := path_of.get(picture_files.sha256(path)):
                yield f"{path} ({twin})"


def _pictures(names: Sequence[str]) -> str:
    """Return the number of pictures in words."""
    return f"{len(names):,} picture" + "s" * (len(names) != 1)


def _some(names: Sequence[str]) -> str:
    """Return the first names of a list in words."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
