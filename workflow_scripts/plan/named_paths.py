"""The user's files that a configuration names: whether they are there.

Snakemake takes no offence at a missing input under an output that exists; results of other files would pass for those of
the files that are named.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plan import paths, tars
from plan.config import FileBackbone, ModelBackbone
from plan.experiment import Experiment
from spml.features import named

LISTED = "a folder of pictures, tars, or a text file with a path on each line"


@dataclass(frozen=True)
class Named:
    """A path, the key that names it, and what is wanted there.

    ``kinds`` are the kinds that it may have, file or folder; ``drawn_with`` is a file whose rule makes the folder, too;
    ``may_be_tars``: pictures in tar files may be there.
    """

    key: str
    path: str
    wanted: str
    kinds: tuple[str, ...] = ("file",)
    drawn_with: str = ""
    may_be_tars: bool = False


def mistakes(experiment: Experiment, maker: Callable[[str], str | None]) -> Iterator[str]:
    """Yield one line for each path that is not there or of the wrong kind, or where the pipeline writes for this data set.

    ``maker`` returns the rule that makes a file, None where none does: what is made for another data set need not be there
    yet.
    """
    for place in _named(experiment):
        if "folder" in place.kinds and tars.are_tars(place.path) and place.may_be_tars:
            yield from tars.mistakes(place.key, place.path)
            continue
        path = experiment.located(place.path)
        if place.may_be_tars:
            yield from tars.strays(place.key, path)
        rule = maker(path) if "file" in place.kinds else None
        if rule and place.path.split("/")[1] == experiment.dataset:
            yield (
                f"{place.key}: found {place.path!r}, which rule {rule} makes for this data set; wanted {place.wanted} of "
                "yours, in another folder"
            )
        elif not rule and not maker(experiment.located(place.drawn_with)) and (problem := _problem(path, place.kinds)):
            yield f"{place.key}: found {path!r}, {problem}; wanted {place.wanted}"


def _named(experiment: Experiment) -> Iterator[Named]:
    """Yield every path that the configuration names for a data set, and for the backbones of its models."""
    section, entry = f"datasets.{experiment.dataset}", experiment.entry
    for part in experiment.parts:
        location = entry.location(part)
        if location.annotations:
            yield Named(f"{section}.{part}.annotations", location.annotations, "a file of annotations")
        if location.images:
            folder = os.path.normpath(location.images)
            drawn_with = f"{folder}.json" if f"{folder}.json" == location.annotations else ""
            yield Named(
                f"{section}.{part}.images",
                location.images,
                "a folder of pictures, or tars",
                ("folder",),
                drawn_with,
                True,
            )
        elif location.annotations and (beside := experiment.source.pictures_beside):
            folder = paths.beside(location.annotations, beside)
            yield Named(f"{section}.{part}.images", folder, "a folder of pictures, there or named", ("folder",))
    if entry.pool:
        yield Named(f"{section}.pool.images", entry.pool.images, LISTED, ("file", "folder"), may_be_tars=True)
    if entry.categories:
        yield Named(f"{section}.categories", entry.categories, "a text file with the name of a category on each line")
    if file := experiment.observation.file:
        own = entry.observation and "file" in entry.observation.model_fields_set
        yield Named(f"{section}.observation.file" if own else "observation.file", file, "a CSV file of observed labels")
    own = entry.review and "answers" in entry.review.model_fields_set
    for file in experiment.review.answers:
        key = f"{section}.review.answers" if own else "review.answers"
        yield Named(key, file, "a file of answers, or a folder of such files", ("file", "folder"))
    for name in experiment.backbones:
        backbone = experiment.config.backbones[name]
        if isinstance(backbone, FileBackbone):
            yield from _matrices(experiment, name, backbone)
        elif isinstance(backbone, ModelBackbone):
            continue  # its weights are made here
        elif named.is_file(backbone.weights):
            yield Named(f"backbones.{name}.weights", str(backbone.weights), "a file with a state dict")
        elif backbone.model.startswith(named.FOLDER):
            folder = backbone.model.removeprefix(named.FOLDER)
            yield Named(f"backbones.{name}.model", folder, "a folder with a description and weights", ("folder",))
    for name in experiment.text_teachers:
        text = experiment.teachers[name].text
        if text and text.names:
            yield Named(f"teachers.{name}.text.names", text.names, "a YAML file, category to its name in texts")
    if images := experiment.predict.images:
        own = entry.predict and "images" in entry.predict.model_fields_set
        key = f"{section}.predict.images" if own else "predict.images"
        yield Named(key, images, LISTED, ("file", "folder"), may_be_tars=True)


def _matrices(experiment: Experiment, name: str, backbone: FileBackbone) -> Iterator[Named]:
    """Yield the files of features that others computed."""
    for part in ("train", "test", "pool"):
        place = backbone.matrix(part)
        if place and (part in experiment.parts or (part == "pool" and experiment.has_pool)):
            wanted = "an npy, HDF5 or Parquet file, or a folder with img_emb/ and metadata/"
            yield Named(f"backbones.{name}.{part}", place.path, wanted, ("file", "folder"))
            if place.ids:
                yield Named(f"backbones.{name}.{part}.ids", place.ids, "a file of ids, npy or text")


def _problem(path: str, kinds: tuple[str, ...]) -> str:
    """Return what is wrong with a path, from the working directory; nothing where a job can read it."""
    try:
        mode = os.stat(path).st_mode
        kind = "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "device or pipe"
        if kind not in kinds:
            return f"which is a {kind}"
        if kind == "folder":
            os.scandir(path).close()
        else:
            open(path, "rb").close()
    except FileNotFoundError:
        if os.path.islink(path):
            return f"a link to {os.readlink(path)!r}, which is not there"
        start = "" if os.path.isabs(path) else f" from {os.getcwd()}, where the run works"
        return f"which is not there{start}"
    except (OSError, ValueError) as error:  # ValueError: a null character
        return f"which cannot be read ({getattr(error, 'strerror', None) or error})"
    return ""
