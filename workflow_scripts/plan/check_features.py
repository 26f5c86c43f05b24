"""Checks of features that others computed against the data set that they are for: one line per mistake."""

from collections.abc import Iterator

from plan.config import Backbone, FileBackbone
from plan.experiment import Experiment


def matrices(experiment: Experiment) -> Iterator[str]:
    """Yield backbones of files that lack the matrix of a part, and networks where there are no pictures to look at."""
    for name in experiment.backbones:
        entry = experiment.config.backbones.get(name)
        if isinstance(entry, FileBackbone):
            pool = ["pool"] * any(labels.split == "pool" for labels in experiment.pseudo_labels.values())
            for part in [part for part in experiment.parts if part != "pool"] + pool:
                if entry.matrix(part) is None:
                    yield f"backbones.{name}.{part}: found nothing, wanted the features of that part of data set {experiment.dataset}"
        elif isinstance(entry, Backbone) and not experiment.source.has_pictures:
            yield (
                f"backbones.{name}.library: found {entry.library}, wanted file: data set {experiment.dataset} has no pictures (source "
                "features)"
            )


def without_pictures(experiment: Experiment) -> Iterator[str]:
    """Yield what a data set without pictures cannot have."""
    if experiment.source.has_pictures:
        return
    for part in ("train", "test"):
        if images := experiment.entry.location(part).images:
            yield (
                f"datasets.{experiment.dataset}.{part}.images: found {images!r}, wanted nothing: source features has no pictures "
                "(source csv has them)"
            )
    if experiment.entry.pool:
        yield f"datasets.{experiment.dataset}.pool: found one, wanted nothing: source features has no pictures to list"
