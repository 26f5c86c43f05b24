"""What a page shows of one picture as a whole: where it lies, and all probabilities, in files that the page loads on demand."""

import base64
import itertools
import json
import os
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spml.artifacts import picture_files
from spml.review.thumbnails import BLOCK
from spml.runtime.files import writing

SCALE = 10000  # of a probability, which takes two bytes, the lower first; templates/gallery.js divides by it


def address(path: str, page: str | os.PathLike) -> str:
    """Return the relative address of a picture for a page in another folder; empty for one in a tar, which no page opens."""
    if picture_files.member(path):
        return ""
    return urllib.parse.quote(os.path.relpath(path, os.path.dirname(page)), errors="surrogateescape")


def packed(probability: np.ndarray) -> str:
    """Return the probabilities of one picture [L] as text."""
    return base64.b64encode(np.rint(SCALE * probability).astype("<u2").tobytes()).decode()


def write_blocks(
    folder: str | os.PathLike, page: str | os.PathLike, paths: Sequence[str], probabilities: Iterable[np.ndarray]
) -> Iterator[int]:
    """Write addresses and probabilities of these pictures to ``folder``, a script per block; yield its size in bytes.

    ``probabilities`` are matrices [n, L] whose rows together belong to ``paths``. The files are scripts as those of
    ``thumbnails.write_blocks``, with as many pictures each.
    """
    rows = itertools.chain.from_iterable(probabilities)
    for block, start in enumerate(range(0, len(paths), BLOCK)):
        part = paths[start : start + BLOCK]
        probability = [packed(row) for row in itertools.islice(rows, len(part))]
        content = {"picture": [address(path, page) for path in part], "probability": probability}
        text = f"details({block}, {json.dumps(content)});\n"
        with writing(os.path.join(folder, f"{block:05}.js")) as file:
            file.write_text(text, encoding="ascii")
        yield len(text)
