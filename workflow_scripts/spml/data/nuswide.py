"""The layout of NUS-WIDE: ImageList/TrainImagelist.txt lists images, Groundtruth/TrainTestLabels/ has a file for each concept.

Source: Chua et al. 2009, "NUS-WIDE: A Real-World Web Image Database from National University of Singapore". Every listed image
counts, also one without any concept.
"""

import os
import re
from pathlib import Path, PurePosixPath

import numpy as np

from spml.data import layout, text_files
from spml.runtime.errors import InputError

CONCEPTS = ("ConceptsList/Concepts81.txt", "Concepts81.txt")  # paths of their list from the root


def convert(conversion: layout.Conversion, part: str, output: str) -> None:
    """Write the part that the listing names as COCO JSON; errors as ``read``."""
    read(conversion.listing).write(output, {"description": f"NUS-WIDE, {conversion.listing}"})


def read(listing: str) -> layout.Part:
    """Return the part that ``listing`` (TrainImagelist.txt or TestImagelist.txt) names.

    Raises
    ------
    InputError
        When a file is missing, or does not hold a 0 or 1 for each image: names the file and the line.
    """
    path = Path(listing)
    match = re.fullmatch(r"(Train|Test)Imagelist\.txt", path.name, re.IGNORECASE)
    if not match:
        raise InputError(f"{path}: found the name {path.name!r}, wanted TrainImagelist.txt or TestImagelist.txt")
    root, suffix = Path(os.path.normpath(path.parent / "..")), match[1].capitalize()
    names = [line.replace("\\", "/") for line in text_files.lines(path, "the path of a picture on each line")]
    text_files.require_once(path, names)
    concepts = next((root / name for name in CONCEPTS if (root / name).is_file()), root / CONCEPTS[0])
    category = text_files.lines(concepts, "the name of a concept on each line")
    text_files.require_once(concepts, category)
    columns = [
        _labels(root / f"Groundtruth/TrainTestLabels/Labels_{name}_{suffix}.txt", len(names)) for name in category
    ]
    part = layout.Part(category)
    for name, present in zip(names, np.stack(columns, axis=1), strict=True):
        identity = PurePosixPath(name).with_suffix("").as_posix()
        part.images.append({"id": identity, "file_name": name})
        for column in np.flatnonzero(present):
            part.present(identity, int(column))
    return part


def _labels(path: Path, images: int) -> np.ndarray:
    """Return whether a concept is present in each image, bool [images]."""
    values = np.array(text_files.lines(path, "a 0 or 1 for each image, on lines"))
    present = values == "1"
    if len(wrong := np.flatnonzero(~present & (values != "0"))):
        raise InputError(f"{path}: line {wrong[0] + 1}: found {str(values[wrong[0]])!r}, wanted 0 or 1")
    if len(values) != images:
        raise InputError(f"{path}: found {len(values):,} lines, wanted {images:,}, one for each image of the list")
    return present
