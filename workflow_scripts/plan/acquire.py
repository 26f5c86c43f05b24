"""Inputs and params of rules/acquire.smk: annotations and pictures, fetched, drawn or converted."""

import os
from typing import Any

from plan import paths, tars, tracking
from plan.experiment import Experiment, plain


def demo_options(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return the options of draw_demo: the number of scenes in the part."""
    return {"scenes": experiment.config.demo.model_dump()[part]}


def download(experiment: Experiment, archive: str) -> dict[str, Any]:
    """Return address and checksum of an archive: those of the user's mirror, or the published ones."""
    mirrors = experiment.entry.downloads
    mirror = getattr(mirrors, archive) if mirrors else None
    if mirror:
        return plain(mirror.model_dump(exclude_none=True))
    published = experiment.source.downloads[archive]
    known = {"url": published.url, "sha256": published.sha256, "md5": published.md5}
    return plain({key: value for key, value in known.items() if value})


def members(experiment: Experiment, archive: str) -> list[str]:
    """Return which members of an archive are used, as prefixes of their paths."""
    return list(experiment.source.downloads[archive].members)


def is_converted(experiment: Experiment, part: str) -> bool:
    """Return whether a reader converts the annotations of a part; the user's COCO JSON is read as it is."""
    reader = experiment.source.reader
    return bool(reader) and not (reader == "coco" and experiment.entry.location(part).annotations)


def annotations(experiment: Experiment, part: str) -> str | list[str]:
    """Return the annotations of a part, converted where a reader does so; none where the data set lacks the part."""
    source, dataset = experiment.source, experiment.dataset
    if part not in experiment.parts:
        return []
    path = experiment.entry.location(part).annotations
    if is_converted(experiment, part):
        return paths.converted(dataset, str(source.reader), part, source.ending)
    return path or paths.demo_annotations(dataset, part)


def all_annotations(experiment: Experiment) -> list[str]:
    """Return the annotations of every part that the data set has."""
    return [str(annotations(experiment, part)) for part in experiment.parts if part in experiment.used_parts]


def listing(experiment: Experiment, part: str) -> str:
    """Return the list of images of a part in its published layout."""
    path = experiment.entry.location(part).annotations
    listing = experiment.source.listings.get(part)
    return path or (paths.resources(listing, dataset=experiment.dataset) if listing else "")


def conversion_inputs(experiment: Experiment, part: str) -> list[str]:
    """Return the user's lists of images, or the listing of the archive that holds them."""
    if not experiment.source.listings and not experiment.source.beside:
        return []  # a folder of pictures: fingerprint_beside() tracks its names
    archive = "annotations" if "annotations" in experiment.source.downloads else "archive"
    fetched = paths.fetched(experiment.dataset, archive)
    return sorted({experiment.entry.location(name).annotations or fetched for name in ("train", part)})


def conversion_indexes(experiment: Experiment, part: str) -> list[str]:
    """Return the indexes of the tars that a reader takes the names of pictures from."""
    return tars.indexes(experiment, part) if experiment.source.reader == "image_folder" else []


def conversion(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return the options of a reader: its lists of images, and the folder of their pictures."""
    return {
        "folder": experiment.located(experiment.entry.location(part).images or ""),
        "key": f"datasets.{experiment.dataset}.{part}.images",
        "listing": experiment.located(listing(experiment, part)),
        "reader": experiment.source.reader,
        "training": experiment.located(listing(experiment, "train")),
    }


def conversion_code(experiment: Experiment) -> list[str]:
    """Return the code of a conversion: its script, and the one reader that it imports."""
    return tracking.code("convert_annotations", f"spml.data.{experiment.source.reader}")


def fingerprint_beside(experiment: Experiment, part: str) -> str:
    """Return a fingerprint of the user's files beside the lists of images, or of the names and sizes in a folder of pictures."""
    if experiment.source.reader == "image_folder":
        if tars.of_part(experiment, part):
            return ""  # their indexes are inputs
        return tracking.fingerprint_of_sizes(
            tracking.files_in(experiment.located(experiment.entry.location(part).images or ""))
        )
    lists = {experiment.entry.location(name).annotations for name in ("train", part)} - {None}
    beside = {experiment.located(paths.beside(str(path), name)) for path in lists for name in experiment.source.beside}
    return tracking.fingerprint(
        file for path in sorted(beside) for file in ([path] if os.path.isfile(path) else tracking.files_in(path))
    )
