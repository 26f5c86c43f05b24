"""The layout of PASCAL VOC: ImageSets/Main/train.txt lists images, Annotations/ has an XML file for each, JPEGImages/ the pictures.

Source: Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge". Objects marked difficult are no positives
of their image, every listed image counts.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from spml.data import layout, text_files
from spml.runtime.errors import InputError


@dataclass
class Image:
    """The content of an XML file: file name, size in pixels if it is there, objects as category, box (x, y, w, h), difficult."""

    file_name: str
    size: dict[str, int]
    objects: list[tuple[str, list[float], bool]]


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Write the part that the listing names as COCO JSON; errors as ``read``."""
    listing = conversion.listing
    read(listing, conversion.training).write(output, {"description": f"PASCAL VOC layout, {listing}"})


def read(listing: str, training: str) -> layout.Part:
    """Return the part that ``listing`` names; its categories are those of the objects of the list ``training``, sorted.

    Raises
    ------
    InputError
        When a file is missing or not of this layout: names it, and the object.
    """
    images = _images(Path(listing))
    training_images = images if listing == training else _images(Path(training))
    category = sorted({name for image in training_images.values() for name, _, _ in image.objects})
    column_of = {name: column for column, name in enumerate(category)}
    part = layout.Part(category)
    unknown: dict[str, str] = {}  # name to where it is first
    for identity, image in images.items():
        part.images.append({"id": identity, "file_name": image.file_name} | image.size)
        for position, (name, box, difficult) in enumerate(image.objects, 1):
            if name not in column_of:
                unknown.setdefault(name, f"{_annotation(Path(listing), identity)}, object {position}")
            elif not difficult:
                part.present(identity, column_of[name], bbox=box, area=box[2] * box[3])
    if unknown:
        names = ", ".join(f"{name!r} ({position})" for name, position in unknown.items())
        raise InputError(
            f"{listing}: found {len(unknown)} categor{'y' if len(unknown) == 1 else 'ies'} that the training part does not have: "
            f"{names}; wanted some of {', '.join(category)}: rename them, take them out, or add a training image with each"
        )
    return part


def _images(listing: Path) -> dict[str, Image]:
    """Return the images of a list by their ids."""
    wanted = "the id of an image on each line, as in ImageSets/Main/train.txt"
    identities = text_files.lines(listing, wanted)
    for number, identity in enumerate(identities, 1):
        if not identity.isprintable() or len(identity.split()) != 1 or "/" in identity or identity.startswith("."):
            raise InputError(f"{listing}: line {number}: found {identity!r}, wanted {wanted}")
    text_files.require_once(listing, identities)
    return {identity: _image(_annotation(listing, identity), identity) for identity in identities}


def _annotation(listing: Path, identity: str) -> Path:
    """Return the path of the XML file of an image."""
    return Path(os.path.normpath(listing.parent / "../../Annotations"), f"{identity}.xml")


def _image(path: Path, identity: str) -> Image:
    """Return the content of an XML file, checked."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted the annotation of image {identity}") from error
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
        raise InputError(f"{path}: found a document type, an entity or UTF-16, wanted plain XML in UTF-8")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: not XML ({error}); wanted a PASCAL VOC annotation") from error
    if root.tag != "annotation":
        raise InputError(f"{path}: found element {root.tag!r}, wanted annotation")
    objects = []
    for number, entry in enumerate(root.findall("object"), 1):
        position = f"{path}: object {number}"
        name = (entry.findtext("name") or "").strip()
        if not name or not name.isprintable():
            raise InputError(f"{position}, name: found {name!r}, wanted a category")
        difficult = (entry.findtext("difficult") or "0").strip()
        if difficult not in ("0", "1"):
            raise InputError(f"{position}, difficult: found {difficult!r}, wanted 0 or 1")
        left, top, right, bottom = (
            _number(position, entry, f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")
        )
        objects.append(
            (name, [left - 1, top - 1, right - left + 1, bottom - top + 1], difficult == "1")
        )  # pixels are counted from 1
    size = (
        {key: int(_number(str(path), root, f"size/{key}")) for key in ("width", "height")} if root.find("size") else {}
    )
    file_name = (root.findtext("filename") or "").strip() or f"{identity}.jpg"
    return Image(file_name, size, objects)


def _number(position: str, entry: ElementTree.Element, key: str) -> float:
    """Return the number in an element; ``position`` names its parent in messages."""
    text = (entry.findtext(key) or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{position}, {key}: found {text!r}, wanted a number of pixels")
    return value
