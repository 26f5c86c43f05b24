"""Inputs and params of match_rows and convert_features: features that others computed, as files of a backbone of library ``file``."""

import os
from typing import Any

from plan import backbones, paths, tracking
from plan.config import FileBackbone, Matrix
from plan.experiment import Experiment, as_list, plain


def matrix(experiment: Experiment, backbone: str, part: str) -> Matrix | None:
    """Return the matrix of a part; None where the backbone names none, or is a network.

    A part that the data set lacks has no rows, of as many features as the training part.
    """
    entry = experiment.config.backbones.get(backbone)
    own = part if part in experiment.parts or part == "pool" else "train"
    return entry.matrix(own) if isinstance(entry, FileBackbone) else None


def files(experiment: Experiment, backbone: str, part: str) -> list[str]:
    """Return the files of the matrix of a part: one, or those in a folder of clip-retrieval's layout."""
    entry = matrix(experiment, backbone, part)
    return files_of(entry.path) if entry else []


def files_of(path: str) -> list[str]:
    """Return the path, or the matrices and tables of the folder there."""
    if not os.path.isdir(path):
        return [path]
    layout = {"img_emb": ".npy", "metadata": ".parquet"}
    found = (
        file for name, ending in layout.items() for file in tracking.files_in(f"{path}/{name}") if file.endswith(ending)
    )
    return [file for file in found if not os.path.basename(file).startswith(".")]


def id_file(experiment: Experiment, backbone: str, part: str) -> str | list[str]:
    """Return the file of the ids of the rows, if one is named."""
    entry = matrix(experiment, backbone, part)
    return entry.ids if entry and entry.ids else []


def table(experiment: Experiment, part: str) -> str | list[str]:
    """Return the user's table whose rows the rows of a matrix follow, where the source has one."""
    is_ordered = experiment.source.row_order == "table" and part in ("train", "test")
    return (experiment.entry.location(part).annotations or []) if is_ordered else []


def unchecked(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return, by key, what ``spml.data.precheck_features.Part`` takes of the user's matrices.

    There is nothing for those that were converted before, or that a rule has yet to make.
    """
    places: dict[str, dict[str, Any]] = {}
    for backbone in filter(lambda name: backbones.is_file(experiment, name), experiment.backbones):
        for part in [*experiment.parts, *["pool"] * (backbone in backbones.of_pool(experiment))]:
            named = [*files(experiment, backbone, part), *as_list(id_file(experiment, backbone, part))]
            named += as_list(table(experiment, part))
            if not all(map(os.path.exists, named)):
                continue
            options = matching(experiment, backbone, part) | conversion(experiment, backbone, part)
            made = paths.features(experiment.dataset, backbone, part)
            if os.path.exists(made) and all(os.stat(path).st_mtime_ns < os.stat(made).st_mtime_ns for path in named):
                continue
            places[f"backbones.{backbone}.{part}"] = {
                "backbone": backbone,
                "source": {key: options[key] or "" for key in ("path", "column", "id_column", "ids")},
                "storage": options["storage"] or "",
                "order": options["order"],
                "table": "".join(as_list(table(experiment, part))),
            }
    return places


def matching(experiment: Experiment, backbone: str, part: str) -> dict[str, Any]:
    """Return the options of match_rows: where the ids of a matrix are, and else in which order its rows are."""
    order = experiment.source.row_order if part != "pool" else "listed"
    return plain(_named(experiment, backbone, part).model_dump() | {"order": order})


def conversion(experiment: Experiment, backbone: str, part: str) -> dict[str, Any]:
    """Return the options of convert_features: where the features are in the matrix, and how they are stored."""
    entry = _named(experiment, backbone, part)
    own = {
        "storage": getattr(experiment.config.backbones[backbone], "storage", None),
        "images_per_shard": experiment.config.features.images_per_shard,
    }
    return plain(entry.model_dump(exclude={"ids"}) | own)


def _named(experiment: Experiment, backbone: str, part: str) -> Matrix:
    entry = matrix(experiment, backbone, part)
    if entry is None:
        raise ValueError(f"backbone {backbone} has no matrix of part {part}")  # checks.backbones refuses it
    located = {"path": experiment.located(entry.path), "ids": experiment.located(entry.ids) if entry.ids else None}
    return entry.model_copy(update=located)
