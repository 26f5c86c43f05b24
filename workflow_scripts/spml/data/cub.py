"""The layout of CUB-200-2011: images.txt and train_test_split.txt list images, attributes/ says which attributes they have.

Source: Wah et al. 2011, "The Caltech-UCSD Birds-200-2011 Dataset". The 312 attributes are the categories, present where an
annotator said so, however sure; every image counts.
"""

from pathlib import Path

import numpy as np

from spml.artifacts.codes import TrueLabel
from spml.data import layout, text_files
from spml.runtime.errors import InputError

PARTS = {"train": "1", "test": "0"}  # in train_test_split.txt
LABELS = {"0": TrueLabel.ABSENT.value, "1": TrueLabel.PRESENT.value}  # in image_attribute_labels.txt
UNKNOWN = TrueLabel.UNKNOWN.value  # until the line of an image and an attribute is read
ATTRIBUTES = (  # paths from the list of images
    "attributes/attributes.txt",
    "attributes.txt",
    "../attributes.txt",  # in the published archive
)


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Write a part of the images that the listing names as COCO JSON; errors as ``read``."""
    read(conversion.listing, part).write(output, {"description": f"CUB-200-2011, {conversion.listing}, {part}"})


def read(listing: str, part_name: str) -> layout.Part:
    """Return a part, ``train`` or ``test``, of the images that ``listing`` (images.txt) names.

    Raises
    ------
    InputError
        When a file is missing or not of this layout, or an attribute of an image is missing or there twice.
    """
    path = Path(listing)
    images = _pairs(path, "an id and the path of a picture")
    split_path = path.parent / "train_test_split.txt"
    split = _pairs(split_path, "an id of images.txt and 1 (train) or 0 (test)")
    for identity, value in split.items():
        if identity not in images or value not in PARTS.values():
            raise InputError(f"{split_path}: found {identity} {value}, wanted an id of images.txt and 1 or 0")
    if missing := sorted(set(images) - set(split)):
        raise InputError(f"{split_path}: found nothing for image {missing[0]} of {path}, wanted 1 or 0")
    named = (path.parent / name for name in ATTRIBUTES)
    attributes_path = next((file for file in named if file.is_file()), path.parent / ATTRIBUTES[0])
    attributes = _pairs(attributes_path, "an id and the name of an attribute")
    labels = _labels(path.parent / "attributes/image_attribute_labels.txt", list(images), list(attributes))
    part = layout.Part(list(attributes.values()))
    for row, (identity, name) in enumerate(images.items()):
        if split[identity] == PARTS[part_name]:
            part.images.append({"id": identity, "file_name": name})
            for column in np.flatnonzero(labels[row] == TrueLabel.PRESENT):
                part.present(identity, int(column))
    return part


def _pairs(path: Path, wanted: str) -> dict[str, str]:
    """Return the first word of each line with the rest of it."""
    pairs = [line.split(maxsplit=1) for line in text_files.lines(path, f"{wanted} on each line")]
    for number, words in enumerate(pairs, 1):
        if len(words) != 2 or not words[0].isdecimal():
            raise InputError(f"{path}: line {number}: found {' '.join(words)!r}, wanted {wanted}")
    text_files.require_once(path, (words[0] for words in pairs))
    return dict(pairs)


def _labels(path: Path, images: list[str], attributes: list[str]) -> np.ndarray:
    """Return true labels, int8 [images, attributes]; lines are image id, attribute id, 0 or 1, and more that is not read.

    Some published lines have one column more than the others.
    """
    wanted = "an id of an image, one of an attribute, and 0 or 1"
    row_of, column_of = ({name: number for number, name in enumerate(names)} for names in (images, attributes))
    labels = np.full((len(images), len(attributes)), UNKNOWN, np.int8)
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split(maxsplit=3)[:3]
                try:
                    entry, value = (row_of[words[0]], column_of[words[1]]), LABELS[words[2]]
                except (KeyError, IndexError):
                    raise InputError(f"{path}: line {number}: found {line.strip()!r}, wanted {wanted}") from None
                if labels[entry] != UNKNOWN:
                    raise InputError(
                        f"{path}: line {number}: found image {words[0]} with attribute {words[1]} again, wanted each once"
                    )
                labels[entry] = value
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted {wanted} on each line") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error}); wanted {wanted} on each line") from error
    if len(missing := np.argwhere(labels == UNKNOWN)):
        image, attribute = missing[0]
        raise InputError(
            f"{path}: found no line for image {images[image]} with attribute {attributes[attribute]}, wanted one for each"
        )
    return labels
