"""Inputs and params of rules/data.smk: which images count, and what is true of them."""

import os
from typing import Any

from plan import acquire, paths
from plan.experiment import Experiment, plain


def pictures(experiment: Experiment, part: str) -> str | list[str]:
    """Return the listing of the archive that holds the pictures of a part; none where the pictures are the user's or drawn."""
    location, downloads = experiment.entry.location(part), experiment.source.downloads
    if location.images or part not in experiment.parts:
        return []
    if part in downloads:
        return paths.fetched(experiment.dataset, part)
    return paths.fetched(experiment.dataset, "archive") if "archive" in downloads and not location.annotations else []


def converted_left_out(experiment: Experiment, part: str) -> str | list[str]:
    """Return the files that the reader of a part left out; none where the annotations are read as they are."""
    if part not in experiment.parts or not acquire.is_converted(experiment, part):
        return []
    source = experiment.source
    return paths.converted_left_out(experiment.dataset, str(source.reader), part, source.ending)


def picture_folder(experiment: Experiment, part: str) -> str:
    """Return the folder of the pictures of a part: the user's, the one beside the list of images, or the unpacked one."""
    source, location = experiment.source, experiment.entry.location(part)
    if location.images or part not in experiment.parts:
        return location.images or ""
    if source.pictures_beside:
        return paths.beside(acquire.listing(experiment, part), source.pictures_beside)
    if source.is_table:
        return os.path.dirname(location.annotations or "") or "."
    return paths.resources(source.pictures.get(part, part), dataset=experiment.dataset)


def listing_options(experiment: Experiment, part: str) -> dict[str, Any]:
    """Return the options of list_images: the folder, which images of the part count, and how many go in a shard."""
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
    """Return the options of make_labels: which images count, and how the validation rows are drawn."""
    validation = experiment.validation
    return plain(
        {
            "fraction": validation.fraction,
            "seed": validation.seed,
            "unannotated_count": experiment.source.unannotated_count,
        }
    )
