"""What rules/acquire.smk and rules/data.smk depend on: annotations, pictures, and how they are fetched, drawn or converted."""

import os
from typing import Any

from plan import paths, tracking
from plan.experiment import Experiment, plain


def demo_options(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return how many scenes a drawn part has."""
    return {"scenes": experiment.config.demo.model_dump()[part]}


def download(experiment: Experiment, archive: str) -> dict[str, Any]:
    """Return address and checksum of an archive: the user's mirror, or where it is published."""
    mirrors = experiment.entry.downloads
    mirror = getattr(mirrors, archive) if mirrors else None
    if mirror:
        return plain(mirror.model_dump(exclude_none=True))
    published = experiment.source.downloads[archive]
    known = {"url": published.url, "sha256": published.sha256, "md5": published.md5}
    return plain({key: value for key, value in known.items() if value})


def members(experiment: Experiment, archive: str) -> list[str]:
    """Return what is used of an archive: beginnings of its members' paths."""
    return list(experiment.source.downloads[archive].members)


def is_converted(experiment: Experiment, part: str) -> bool:
    """Return whether a reader converts the annotations of a part; COCO JSON of the user is read as it is."""
    reader = experiment.source.reader
    return bool(reader) and not (reader == "coco" and experiment.entry.location(part).annotations)


def annotations(experiment: Experiment, part: str) -> str | list[str]:
    """Return the annotations of a part in a form that the pipeline reads; nothing of a part that the data set lacks."""
    source, dataset = experiment.source, experiment.dataset
    if part not in experiment.parts:
        return []
    path = experiment.entry.location(part).annotations
    if is_converted(experiment, part):
        return paths.converted(dataset, str(source.reader), part, source.ending)
    return path or paths.demo_annotations(dataset, part)


def all_annotations(experiment: Experiment) -> list[str]:
    """Return the annotations of the parts that there are."""
    return [str(annotations(experiment, part)) for part in experiment.parts]


def _listing(experiment: Experiment, part: str) -> str:
    """Return the list of images of a part in its published layout."""
    path = experiment.entry.location(part).annotations
    listing = experiment.source.listings.get(part)
    return path or (paths.resources(listing, dataset=experiment.dataset) if listing else "")


def conversion_inputs(experiment: Experiment, part: str) -> list[str]:
    """Return the user's lists of images, or what stands for the archive that they come in."""
    if not experiment.source.listings and not experiment.source.beside:
        return []  # a folder of pictures: fingerprint_beside() tells its names
    archive = "annotations" if "annotations" in experiment.source.downloads else "archive"
    fetched = paths.fetched(experiment.dataset, archive)
    return sorted({experiment.entry.location(name).annotations or fetched for name in ("train", part)})


def conversion(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return what a reader converts: lists of images, and where their pictures lie."""
    return {
        "folder": experiment.entry.location(part).images or "",
        "key": f"datasets.{experiment.dataset}.{part}.images",
        "listing": _listing(experiment, part),
        "reader": experiment.source.reader,
        "training": _listing(experiment, "train"),
    }


def conversion_code(experiment: Experiment) -> list[str]:
    """Return the code of a conversion: its script, and the one reader that it imports."""
    return tracking.code("convert_annotations", f"spml.data.{experiment.source.reader}")


def fingerprint_beside(experiment: Experiment, part: str) -> str:
    """Return the state of the user's files beside the lists of images; of a folder of pictures, their names."""
    if experiment.source.reader == "image_folder":
        return tracking.fingerprint_of_names(tracking.files_in(experiment.entry.location(part).images or ""))
    lists = {experiment.entry.location(name).annotations for name in ("train", part)} - {None}
    beside = {paths.beside(str(path), name) for path in lists for name in experiment.source.beside}
    return tracking.fingerprint(
        file for path in sorted(beside) for file in ([path] if os.path.isfile(path) else tracking.files_in(path))
    )


def pictures(experiment: Experiment, part: str) -> str | list[str]:
    """Return what must be there before the pictures of a part are; nothing for the user's own."""
    location, downloads = experiment.entry.location(part), experiment.source.downloads
    if location.images or part not in experiment.parts:
        return []
    if part in downloads:
        return paths.fetched(experiment.dataset, part)
    return paths.fetched(experiment.dataset, "archive") if "archive" in downloads and not location.annotations else []


def picture_folder(experiment: Experiment, part: str) -> str:
    """Return the folder of the pictures of a part: the user's, beside the list of images, or where they are fetched."""
    source, location = experiment.source, experiment.entry.location(part)
    if location.images or part not in experiment.parts:
        return location.images or ""
    if source.pictures_beside:
        return paths.beside(_listing(experiment, part), source.pictures_beside)
    if source.is_table:
        return os.path.dirname(location.annotations or "") or "."
    return paths.resources(source.pictures.get(part, part), dataset=experiment.dataset)


def listing_options(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return which images of a part count, and how many go in a shard."""
    return {
        "folder": picture_folder(experiment, part),
        "images_per_shard": experiment.config.features.images_per_shard,
        "missing_pictures": experiment.entry.missing_pictures,
        "unannotated_count": experiment.source.unannotated_count,
    }


def categories(experiment: Experiment) -> str | list[str]:
    """Return the user's list of categories, if there is one."""
    return experiment.entry.categories or []


def label_options(experiment: Experiment) -> dict[str, Any]:
    """Return which images count, and how the validation rows are drawn."""
    validation = experiment.validation
    return plain(
        {
            "fraction": validation.fraction,
            "seed": validation.seed,
            "unannotated_count": experiment.source.unannotated_count,
        }
    )
