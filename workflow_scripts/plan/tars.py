"""Pictures in tar files (WebDataset's layout): the tars of each part, their indexes, and what the rules ask of them."""

import csv
import functools
import os
import sys
from collections.abc import Iterator
from typing import Any

from plan import paths
from plan.experiment import Experiment
from plan.tar_names import are_tars, is_remote, mistakes, named, strays

__all__ = ["are_tars", "is_remote", "mistakes", "named", "strays"]
NEW = "predict"  # in place of a part: the new images


def value(experiment: Experiment, part: str) -> str:
    """Return the value of the configuration that names the pictures of a part, or the new ones; empty where none does."""
    if part == NEW:
        return experiment.predict.images or ""
    if part == "pool":
        return experiment.entry.pool.images if experiment.entry.pool else ""
    return experiment.entry.location(part).images or ""


def of_part(experiment: Experiment, part: str) -> list[str]:
    """Return the tars with the pictures of a part, or with the new ones, in order."""
    return named(value(experiment, part))


def of_both_parts(experiment: Experiment) -> list[str]:
    """Return the tars of the training part and of the test part."""
    return list(dict.fromkeys(of_part(experiment, "train") + of_part(experiment, "test")))


def one(experiment: Experiment, part: str, tar: str) -> str:
    """Return the tar with a number, from 0 in order; end with one line where there are fewer."""
    found = of_part(experiment, part)
    if int(tar) >= len(found):
        sys.exit(
            f"Error: found no tar {tar} of {part}, wanted one of the {len(found):,} that {value(experiment, part)!r} names"
        )
    return found[int(tar)]


def index(dataset: str, part: str, tar: str) -> str:
    """Return the index of a tar, by its number."""
    return paths.results("tars", part, f"{tar}.csv", dataset=dataset)


def indexes(experiment: Experiment, part: str) -> list[str]:
    """Return the index of each tar of a part, or of the new images, in order."""
    return [index(experiment.dataset, part, f"{number:06}") for number in range(len(of_part(experiment, part)))]


def indexed(experiment: Experiment) -> list[tuple[str, ...]]:
    """Return part and number of each tar whose pictures are listed."""
    return [
        (part, f"{number:06}") for part in experiment.used_parts for number in range(len(of_part(experiment, part)))
    ]


def index_options(experiment: Experiment, part: str, tar: str) -> dict[str, Any]:
    """Return the options of index_tar: the name of the tar, and whether its files are looked at, as those of a folder are."""
    is_listed = part in ("pool", NEW) or experiment.source.reader == "image_folder"  # annotations name the others
    return {"tar": one(experiment, part, tar), "looked_at": is_listed}


def are_elsewhere(experiment: Experiment, part: str) -> bool:
    """Return whether the pictures of a part lie in object storage, from which a job gets whole tars."""
    return any(map(is_remote, of_part(experiment, part)))


@functools.lru_cache
def _of_shards(path: str, time: int) -> dict[str, list[str]]:
    """Return the tars of each shard from the table that list_images wrote at that time."""
    found: dict[str, list[str]] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for shard, tar in csv.reader(file, "excel-tab"):
            found.setdefault(shard, []).append(tar)
    return found


def of_shard(folder: str, shard: str) -> list[str]:
    """Return the tars with the pictures of a shard; ``folder`` holds the manifests of shards."""
    path = os.path.join(folder, "tars.tsv")
    return _of_shards(path, os.stat(path).st_mtime_ns).get(shard, []) if os.path.isfile(path) else []


def unseen(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Yield part and address of each tar in object storage that no run has read, of a part whose images are listed.

    Snakemake takes no offence at a missing one: the list that is there would pass for that of all tars.
    """
    for part in experiment.used_parts:
        if are_elsewhere(experiment, part) and os.path.isfile(paths.images(experiment.dataset, part)):
            for file, tar in zip(indexes(experiment, part), of_part(experiment, part), strict=True):
                if not os.path.isfile(file):
                    yield part, tar
