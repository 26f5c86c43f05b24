"""Inputs and params of rules/data.smk: which images count, and what is true of them."""

import csv
import functools
import math
import os
import sys
from collections.abc import Mapping
from typing import Any

from plan import acquire, paths, tars, tracking
from plan.experiment import Experiment, plain

CHECKED_BYTES = 100_000_000  # of annotations that are read at the start of a run; the jobs check larger ones
CHECKED_TARS = 20_000_000_000  # bytes of tars whose headers are read then
CHECKED_FILES = 50_000  # of annotations, or of pictures in the folders of categories


def pictures(experiment: Experiment, part: str) -> str | list[str]:
    """Return the listing of the archive that holds the pictures of a part; none where the pictures are the user's or drawn."""
    location, downloads = experiment.entry.location(part), experiment.source.downloads
    if location.images or part not in experiment.parts:
        return []
    if part in downloads:
        return paths.fetched(experiment.dataset, part)
    return paths.fetched(experiment.dataset, "archive") if "archive" in downloads and not location.annotations else []


def annotations(experiment: Experiment, part: str) -> str | list[str]:
    """Return the annotations of a part as rules take them: the table, or what read_annotations has read of COCO JSON."""
    if part not in experiment.parts:
        return []
    if experiment.source.is_table:
        return acquire.annotations(experiment, part)
    return paths.annotations(experiment.dataset, part)


def converted_left_out(experiment: Experiment, part: str) -> str | list[str]:
    """Return the files that the reader of a part left out; none where the annotations are read as they are."""
    if part not in experiment.parts or not acquire.is_converted(experiment, part):
        return []
    source = experiment.source
    return paths.converted_left_out(experiment.dataset, str(source.reader), part, source.ending)


def picture_folder(experiment: Experiment, part: str) -> str:
    """Return the folder of the pictures of a part: the user's, the one beside the list of images, or the unpacked one."""
    source, location = experiment.source, experiment.entry.location(part)
    if location.images or part not in experiment.parts or not source.has_pictures:
        return location.images or ""
    if source.pictures_beside:
        return paths.beside(acquire.listing(experiment, part), source.pictures_beside)
    if source.is_table:
        return os.path.dirname(location.annotations or "") or "."
    return paths.resources(source.pictures.get(part, part), dataset=experiment.dataset)


def listing_options(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return the options of list_images: the folder, which images of the part count, and how many go in a shard."""
    own: dict[str, Any] = (
        {"pool": experiment.located(experiment.entry.pool.images)} if part == "pool" and experiment.entry.pool else {}
    )
    if not experiment.source.has_pictures:
        own["has_pictures"] = False
    return own | {
        "folder": experiment.located(picture_folder(experiment, part)),
        "images_per_shard": experiment.config.features.images_per_shard,
        "missing_pictures": experiment.entry.missing_pictures,
        "unannotated_count": experiment.source.unannotated_count,
    }


def pool_list(experiment: Experiment, part: str) -> str | list[str]:
    """Return the user's list of the pool, if it is one."""
    pool = experiment.entry.pool if part == "pool" else None
    return pool.images if pool and _is_list(experiment.located(pool.images)) else []


def _is_list(path: str) -> bool:
    """Return whether a value names a text file of pictures."""
    return os.path.isfile(path) and not tars.are_tars(path)


def fingerprint_pool(experiment: Experiment, part: str) -> str:
    """Return a fingerprint of the user's pool; it changes where a picture is added or replaced. Tars are inputs instead."""
    pool = experiment.entry.pool if part == "pool" else None
    if pool is None or tars.are_tars(pool.images):
        return ""
    return tracking.fingerprint(tracking.pictures_in(experiment.located(pool.images)))


def compared_features(experiment: Experiment, part: str) -> str | list[str]:
    """Return the features of a part in which equal rows are looked for, where no pictures are at hand.

    One job would have to get all tars from object storage.
    """
    if experiment.source.has_pictures and not has_remote_pictures(experiment):
        return []
    return paths.features(experiment.dataset, experiment.entry.backbone, part)


def has_remote_pictures(experiment: Experiment) -> bool:
    """Return whether pictures of the training or test part lie in object storage."""
    return any(map(tars.is_remote, tars.of_both_parts(experiment)))


def compared_tars(experiment: Experiment) -> list[str]:
    """Return the tars whose pictures find_duplicates compares."""
    return [] if has_remote_pictures(experiment) else tars.of_both_parts(experiment)


def shards(images: str, folder: str, images_per_shard: int) -> list[str]:
    """Return the numbers of the shards of a part, by its manifest; end with one line where the manifest of one is missing.

    The manifests of shards lie in a folder that is one output, so that Snakemake does not see that one is gone.
    """
    count = max(1, math.ceil(_rows(images, os.stat(images).st_mtime_ns) / images_per_shard))
    names = [f"{number:05}" for number in range(count)]
    for name in names:
        if not os.path.isfile(os.path.join(folder, f"{name}.csv")):
            sys.exit(
                f"Error: {folder}/{name}.csv is missing; delete {images} and the folder {folder}, then run again: rule "
                "list_images makes them again"
            )
    return names


@functools.lru_cache
def _rows(manifest: str, time: int) -> int:
    """Return the number of images in a manifest that was written at that time; each job of a shard asks."""
    with open(manifest, newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def unchecked_parts(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return, by part, what ``spml.data.precheck.Part`` takes of the user's own annotations and pictures.

    There is nothing where labels were made of them before, and where reading them takes more than seconds.
    """
    parts = {part: own for part in experiment.parts if part != "pool" and (own := _own_part(experiment, part))}
    is_folder = experiment.source.reader == "image_folder"
    read = {own["folder" if is_folder else "annotations"] for own in parts.values()}
    if "train" not in parts or not all(map(os.path.exists, read)):
        return {}
    if not is_folder:
        read |= {path for own in parts.values() for path in _beside(experiment, own) if os.path.exists(path)}
    files = {path for path in read if os.path.isfile(path)}
    inside = {file for path in read - files for file in tracking.files_in(path)}
    size = 0 if is_folder else sum(map(os.path.getsize, files | inside))
    if len(files | inside) > CHECKED_FILES or size > CHECKED_BYTES:
        return {}
    try:
        made = os.stat(paths.labels(experiment.dataset, "train")).st_mtime_ns
        changed = any(os.stat(path).st_mtime_ns > made for path in read | set(map(os.path.dirname, inside)))
    except OSError:
        changed = True
    return parts if changed else {}


def _own_part(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return layout, annotations and pictures of a part that the user names; nothing for one that a rule draws or fetches."""
    location = experiment.entry.location(part)
    is_folder = experiment.source.reader == "image_folder"
    if not (location.images if is_folder else location.annotations):
        return {}
    found = tars.of_part(experiment, part)
    return {
        "annotations": f"datasets.{experiment.dataset}.{part}.images"
        if is_folder
        else acquire.listing(experiment, part),
        "folder": "" if pictures(experiment, part) or _too_large(found) else picture_folder(experiment, part),
        "reader": str(experiment.source.reader) if acquire.is_converted(experiment, part) else "table",
        "training": acquire.listing(experiment, "train"),
        "tars": found,
    }


def _too_large(found: list[str]) -> bool:
    """Return whether the headers of these tars take more than seconds to read, or must be fetched."""
    return any(map(tars.is_remote, found)) or sum(map(os.path.getsize, filter(os.path.isfile, found))) > CHECKED_TARS


def _beside(experiment: Experiment, own: Mapping[str, str]) -> list[str]:
    """Return the files and folders beside the list of images of a part that hold the labels of its images."""
    return [paths.beside(own["annotations"], name) for name in experiment.source.beside]


def unchecked_lists(experiment: Experiment) -> dict[str, str]:
    """Return the user's text files of pictures by the key that names them: of new images, and of a pool."""
    named = {"predict.images": experiment.predict.images}
    if experiment.entry.pool:
        named[f"datasets.{experiment.dataset}.pool.images"] = experiment.entry.pool.images
    return {key: path for key, path in named.items() if path and _is_list(path)}


def categories(experiment: Experiment) -> str | list[str]:
    """Return the user's list of categories, if there is one."""
    return experiment.entry.categories or []


def label_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of make_labels: which images count, and how the validation rows are drawn."""
    validation = experiment.validation
    return plain(
        {
            "fraction": validation.fraction,
            "seed": validation.seed,
            "unannotated_count": experiment.source.unannotated_count,
        }
    )
