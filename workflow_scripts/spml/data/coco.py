"""COCO instance annotations: checked, then read with pycocotools."""

import contextlib
import gc
import io
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO, TypedDict

import msgspec
import numpy as np
from pycocotools.coco import COCO

from spml.artifacts import regular_files
from spml.artifacts.codes import TrueLabel
from spml.artifacts.entries import Entries
from spml.data import layout
from spml.runtime.errors import InputError
from spml.runtime.files import writing

KEYS: dict[str, dict[str, tuple[type, ...]]] = {  # section to the keys that every entry must have, with their types
    "categories": {"id": (int,), "name": (str,)},
    "images": {"id": (int, str), "file_name": (str,)},
    "annotations": {"id": (int, str), "image_id": (int, str), "category_id": (int,)},
}


class _Category(TypedDict, total=False):
    id: Any
    name: Any


class _Image(TypedDict, total=False):
    id: Any
    file_name: Any
    width: Any
    height: Any


class _Annotation(TypedDict, total=False):
    id: Any
    image_id: Any
    category_id: Any
    bbox: Any
    area: Any


class _Read(TypedDict, total=False):
    """What is read of a file: nine tenths of it are outlines of objects, which no rule needs. ``_problems`` checks types."""

    info: Any
    categories: list[_Category]
    images: list[_Image]
    annotations: list[_Annotation]


MEMBERS = {  # section to the keys that its entries alone have
    "images": ("file_name", "width", "height"),
    "annotations": ("image_id", "category_id", "bbox", "area"),
}


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Link the fetched file, or copy it where the file system has no links; its content is checked by those that read it.

    Raises
    ------
    InputError
        When the file is missing.
    """
    if not os.path.isfile(conversion.listing):
        raise InputError(f"{conversion.listing}: no such file; wanted a COCO annotation file")
    with writing(output) as temporary:
        try:
            os.link(conversion.listing, temporary)
        except OSError:
            shutil.copyfile(conversion.listing, temporary)
        os.utime(temporary)  # newer than the listing of the archive that it comes from
    print(f"{output}: {os.path.getsize(output):,} bytes, {conversion.listing}")


class _RepeatedKey(Exception):
    """An object of a JSON file has a key twice; the reader would take the last."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these keys and values; raise where a key stands twice."""
    entry = dict(pairs)
    if len(entry) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return entry


def load(path: str | os.PathLike) -> COCO:
    """Return the annotations of a file, indexed.

    Raises
    ------
    InputError
        When the file is missing, no JSON, repeats a key, is not of the COCO instances format, or refers to ids that it does not have.
    """
    try:
        with regular_files.open_to_read(path) as file, without_collection():
            dataset = _parsed(file)
    except _RepeatedKey as error:
        raise InputError(f"{path}: found the key {error.args[0]!r} twice in one object, wanted each once") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a COCO annotation file") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}); truncated? wanted a COCO annotation file") from error
    problem = next(_problems(dataset), None)
    if problem:
        raise InputError(f"{path}: {problem}")
    coco = COCO()
    coco.dataset = dataset
    quietly = contextlib.redirect_stdout(io.StringIO())  # it prints that it does this, also where a run checks its data
    with quietly, without_collection():
        coco.createIndex()
    return coco


def _parsed(file: BinaryIO) -> object:
    """Return what is read of a file.

    A key that stands more often than there are entries to have it is left to json, as all that msgspec does not take: json
    tells what is wrong and where, and reads NaN.
    """
    text = file.read()
    try:
        dataset = msgspec.json.decode(text, type=_Read)
        often = dict.fromkeys(KEYS, 1)
        often |= {key: len(dataset.get(section, ())) for section, keys in MEMBERS.items() for key in keys}  # type: ignore[arg-type]
        if set(KEYS) <= set(dataset) and all(
            text.count(b'"%b"' % key.encode()) <= count for key, count in often.items()
        ):
            return dataset
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    return json.loads(text.decode("utf-8"), object_pairs_hook=_once)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage in the block: looking through millions of new objects takes longer than making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _problems(dataset: object) -> Iterator[str]:
    """Yield one line for each mistake in the content of a file."""
    if not isinstance(dataset, dict):
        yield f"found a {type(dataset).__name__} at the top, wanted an object with {', '.join(KEYS)}"
        return
    for section, keys in KEYS.items():
        if not isinstance(dataset.get(section), list):
            some_keys = [key if key.isprintable() else repr(key) for key in list(dataset)[:10]]
            content = (
                type(dataset[section]).__name__ if section in dataset else f"keys {', '.join(some_keys) or 'none'}"
            )
            yield f"{section}: found {content}, wanted a list (COCO instances format)"
            return
        for key, kinds in keys.items():
            values = [entry.get(key) if type(entry) is dict else None for entry in dataset[section]]
            if set(map(type, values)) <= set(kinds) and not any(type(v) is str and not v.isprintable() for v in values):
                continue
            for row, value in enumerate(values):
                if type(value) not in kinds:
                    yield f"{section}[{row}].{key}: found {value!r}, wanted {_names(kinds)}"
                    return
                if isinstance(value, str) and not value.isprintable():
                    yield f"{section}[{row}].{key}: found {value!r}, wanted text without control characters"
                    return
    yield from _duplicates(dataset, "categories", "id")
    yield from _duplicates(dataset, "categories", "name")
    yield from _duplicates(dataset, "images", "id")
    images = {entry["id"] for entry in dataset["images"]}
    categories = {entry["id"] for entry in dataset["categories"]}
    for row, entry in enumerate(dataset["images"]):
        name = PurePosixPath(entry["file_name"])
        if name.is_absolute() or ".." in name.parts or not name.parts:
            yield f"images[{row}].file_name: found {entry['file_name']!r}, wanted a path inside the images folder"
    for row, entry in enumerate(dataset["annotations"]):
        if entry["image_id"] not in images:
            yield f"annotations[{row}].image_id: found {entry['image_id']!r}, wanted the id of one of the {len(images):,} images"
        if entry["category_id"] not in categories:
            yield f"annotations[{row}].category_id: found {entry['category_id']!r}, wanted the id of one of the {len(categories):,} categories"


def _names(kinds: Sequence[type]) -> str:
    return " or ".join({int: "a whole number", str: "text"}[kind] for kind in kinds)


def _duplicates(dataset: Mapping, section: str, key: str) -> Iterator[str]:
    """Yield one line for each value of a key that a section repeats, compared as text."""
    first_row: dict[str, int] = {}
    for row, entry in enumerate(dataset[section]):
        text = str(entry[key])
        if text in first_row:
            yield f"{section}[{row}].{key}: found {entry[key]!r}, also in {section}[{first_row[text]}]; wanted each once"
        first_row[text] = row


def category_names(coco: COCO) -> list[str]:
    """Return the categories in the order of the file."""
    return [entry["name"] for entry in coco.dataset["categories"]]


def listed_images(coco: COCO) -> list[tuple[str, str]]:
    """Return id and file name of every image, sorted by id as text."""
    return sorted((str(image), entry["file_name"]) for image, entry in coco.imgs.items())


def true_labels(coco: COCO, image_id: Sequence[str]) -> Entries:
    """Return true labels [N, L]: present where the image has an annotation of the category, crowds included."""
    cells = np.array([cell for _, cell in _annotations(coco, image_id)], np.int64).reshape(-1, 2)
    present, absent = (
        np.full(count, code, np.int8)
        for count, code in ((len(cells), TrueLabel.PRESENT), (len(image_id), TrueLabel.ABSENT))
    )
    return Entries(cells[:, 0], cells[:, 1], present, absent, len(coco.dataset["categories"]))


def _annotations(coco: COCO, image_id: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the number of each annotation of these images, with its row and column in a matrix [N, L]."""
    row_of = {name: number for number, name in enumerate(image_id)}
    row_of_image = {image: row_of.get(str(image)) for image in coco.imgs}
    column_of = {entry["id"]: number for number, entry in enumerate(coco.dataset["categories"])}
    for number, entry in enumerate(coco.dataset["annotations"]):
        row = row_of_image[entry["image_id"]]
        if row is not None:
            yield number, (row, column_of[entry["category_id"]])


def annotation_weights(
    path: str | os.PathLike, coco: COCO, image_id: Sequence[str], weigh: Callable[..., float]
) -> np.ndarray:
    """Return per image and category the sum of the weights of its annotations, float32 [N, L].

    ``weigh`` takes the width and height of an image, and the box (x, y, width, height) and area of an annotation, in pixels.

    Raises
    ------
    InputError
        When an image or annotation lacks one of these: names the file, the entry and the key.
    """
    weights = np.zeros((len(image_id), len(coco.dataset["categories"])), np.float32)
    for number, cell in _annotations(coco, image_id):
        entry = coco.dataset["annotations"][number]
        image, box = coco.imgs[entry["image_id"]], entry.get("bbox")
        if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
            raise InputError(
                f"{path}: annotations[{number}].bbox: found {box!r}, wanted [x, y, width, height] in pixels"
            )
        if not _is_number(entry.get("area")) or entry["area"] < 0:
            raise InputError(f"{path}: annotations[{number}].area: found {entry.get('area')!r}, wanted square pixels")
        for key in ("width", "height"):
            if not _is_number(image.get(key)) or image[key] <= 0:
                raise InputError(f"{path}: image {image['id']}, {key}: found {image.get(key)!r}, wanted pixels")
        weights[cell] += weigh(image["width"], image["height"], box, entry["area"])
    return weights


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
